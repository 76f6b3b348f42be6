import CXSMM

/// The hint of a spinning loop.
@inline(__always)
package func pauseBriefly() { cxsmm_pause() }

/// The thread's floating-point mode: rounding, flush-to-zero, exception masks.
package func floatMode() -> UInt64 { cxsmm_float_mode() }

package func setFloatMode(_ mode: UInt64) { cxsmm_set_float_mode(mode) }

/// Round to nearest, subnormals kept, every exception masked: the mode in which all results are
/// computed.
package func setStandardFloatMode() { cxsmm_set_float_mode(0x037f << 32 | 0x1f80) }

/// The processors that this process may run on.
package func availableProcessors() -> Int { Int(cxsmm_processors()) }

/// Whether elementary functions run in sixteen lanes: AVX-512.
package let hasWideLanes = cxsmm_has_avx512() != 0

/// Whether products in bfloat16 run in the processor's tiles (AMX); the first look asks the kernel
/// for them, for the whole process.
package let hasTiles = hasWideLanes && cxsmm_ask_for_tiles() != 0
