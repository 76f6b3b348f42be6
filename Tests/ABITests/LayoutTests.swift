import CStein
import Testing

/// What Swift makes of the header's structs, against the numbers that the boundary counts on.
///
/// R12, R13.
@Suite struct LayoutTests {
  /// The boundary reaches a monitor's fields at these offsets, since their types are volatile in C.
  @Test func monitor() {
    #expect(MemoryLayout<stein_monitor>.size == 64)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.struct_size) == 0)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.cancel) == 4)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.step) == 8)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.steps) == 16)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.loss) == 24)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.validation) == 32)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.deadline_ns) == 40)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.progress) == 48)
    #expect(MemoryLayout<stein_monitor>.offset(of: \.user) == 56)
  }

  @Test func error() {
    #expect(MemoryLayout<stein_error>.size == 512)
    #expect(MemoryLayout<stein_error>.offset(of: \.status) == 4)
    #expect(MemoryLayout<stein_error>.offset(of: \.parameter) == 8)
    #expect(MemoryLayout<stein_error>.offset(of: \.callback_code) == 12)
    #expect(MemoryLayout<stein_error>.offset(of: \.option) == 16)
    #expect(MemoryLayout<stein_error>.offset(of: \.message) == 80)
  }

  /// DLPack's DLTensor (dlpack.h, version 1): data, device {type, id}, ndim, dtype {code, bits,
  /// lanes}, shape, strides, byte_offset.
  @Test func tensorIsDLTensor() {
    #expect(MemoryLayout<stein_tensor>.size == 48)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.device) == 8)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.ndim) == 16)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.dtype) == 20)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.shape) == 24)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.strides) == 32)
    #expect(MemoryLayout<stein_tensor>.offset(of: \.byte_offset) == 40)
  }

  @Test func allocator() { #expect(MemoryLayout<stein_allocator>.size == 32) }

  /// A status never changes its number.
  @Test func constants() {
    #expect(
      [
        STEIN_OK, STEIN_BAD_POINTER, STEIN_BAD_HANDLE, STEIN_BAD_VALUE, STEIN_BAD_SHAPE,
        STEIN_BAD_OPTION, STEIN_BAD_STATE,
        STEIN_BUSY, STEIN_BUFFER_TOO_SMALL, STEIN_NOT_FINITE, STEIN_OUT_OF_MEMORY, STEIN_IO,
        STEIN_BAD_FILE, STEIN_NO_FILE,
        STEIN_UNSUPPORTED, STEIN_CANCELLED, STEIN_DEADLINE, STEIN_CALLBACK_FAILED, STEIN_DIVERGED,
        STEIN_INTERNAL,
      ].map { Int($0) } == [
        0, 101, 102, 103, 104, 105, 106, 107, 108, 109, 201, 202, 203, 204, 205, 301, 302, 303, 401,
        501,
      ])
  }
}
