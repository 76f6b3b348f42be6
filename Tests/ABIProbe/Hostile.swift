import Glibc

/// A wrong value for one parameter, and what must come of it.
struct Hostile {
  let what: String
  let value: UInt64
  /// nil: the value may serve; then only survival counts.
  var status: ClosedRange<Int32>? = 100 ... 299
}

extension World {
  /// Wrong values for a parameter; NULL is one wherever memory or an object is wanted.
  func hostile(_ function: CSignature, _ parameter: CParameter) -> [Hostile] {
    let optional: Set<String> = [
      "options", "allocator", "labels", "start", "finished", "monitor", "error", "user", "release",
      "value", "label", "statistics", "points", "places", "known", "deviation", "p_value",
      "relative",
    ]
    let inParameter =
      function.name == "stein_model_parameter" && ["ndim", "shape", "out"].contains(parameter.name)
    let null = Hostile(
      what: "NULL", value: 0,
      status: optional.contains(parameter.name) || inParameter || function.name.hasSuffix("_free")
        ? nil : 100 ... 199)
    if let kind = handleKind(parameter) { return [null] + handles(kind) }
    switch parameter.type {
    case "const stein_tensor *":
      // Any number of columns is right for what the next tensor is held against.
      let leads =
        ["rows", "a", "tensor"].contains(parameter.name)
        || function.name == "stein_kernel_stein_discrepancy" && parameter.name == "x"
      return [null] + tensors(parameter.name, anyColumns: leads)
    case "const char *": return [null] + texts(parameter.name)
    case "stein_monitor *": return [null] + sizes([0, 3, 63], total: 64)
    case "const stein_allocator *":
      return [null] + sizes([0, 8, 39], total: 40) + [
        Hostile(what: "NULL functions", value: sized(40, 40), status: 101 ... 101)
      ]
    case "stein_error *":
      return [null]
        + sizes([0, 4, 15, 79, 80, 81, 100], total: 512).map {
          Hostile(what: $0.what, value: $0.value, status: nil)
        } + [Hostile(what: "misaligned", value: bits(memory(600)) + 1, status: nil)]
    case "int32_t" where parameter.name == "ranks":
      return [Int32(0), -1, .min, .max].map {
        Hostile(what: "\($0)", value: UInt64(bitPattern: Int64($0)), status: 103 ... 103)
      }
    case "int32_t":
      return [Int32(-1), .min, .max, 999].map {
        Hostile(what: "\($0)", value: UInt64(bitPattern: Int64($0)), status: 103 ... 103)
      }
    case "const int32_t *":
      return [null, Hostile(what: "misaligned", value: bits(memory(64)) + 1, status: 101 ... 101)]
        + [[-1, 0], [Int32.max, 0], [.min, 9], [0, 99_999]].map { list in
          let block = memory(8)
          block.storeBytes(of: list[0], toByteOffset: 0, as: Int32.self)
          block.storeBytes(of: list[1], toByteOffset: 4, as: Int32.self)
          return Hostile(what: "inputs \(list)", value: bits(block), status: 103 ... 103)
        }
    case "int64_t" where parameter.name == "d":
      return [0, -1, .min, .max].map {
        Hostile(what: "\($0)", value: UInt64(bitPattern: Int64($0)), status: 103 ... 103)
      }
    case "int64_t":
      return [-1, .min, .max].map {
        Hostile(what: "\($0)", value: UInt64(bitPattern: Int64($0)), status: 103 ... 103)
      }
    case "uint64_t":
      if parameter.name == "size" {
        return [
          Hostile(what: "0", value: 0, status: 203 ... 203),
          Hostile(what: "7", value: 7, status: 203 ... 203),
          Hostile(what: "2^63", value: 1 << 63, status: 103 ... 103),
        ]
      }
      let few: [UInt64] = function.name.hasSuffix("_get_numbers") ? [0] : [0, 1, 7]
      return few.map { Hostile(what: "\($0)", value: $0, status: 108 ... 108) }
    case "double":
      return [Double.nan, .infinity, -.infinity, -1, 1e30, 1e-30].map {
        Hostile(what: "\($0)", value: $0.bitPattern, status: 103 ... 103)
      }
    case "stein_status":
      return [-1, 1, 100, 9999, Int32.max, .min].map {
        Hostile(what: "\($0)", value: UInt64(bitPattern: Int64($0)), status: nil)
      }
    case "struct ArrowArrayStream *":
      return [
        null,
        Hostile(what: "misaligned", value: bits(memory(64, fill: 0xA5)) + 1, status: 101 ... 101),
        Hostile(what: "released", value: bits(memory(64, fill: 0)), status: 100 ... 199),
      ]
    case "stein_noise_fn", "stein_density_fn", "stein_allreduce_fn": return [null]
    case "stein_release_fn": return []
    case "const void *":
      return [null, Hostile(what: "zeros", value: bits(memory(1 << 16)), status: 203 ... 203)]
    default:
      let aligned: Set<String> = ["char *", "void *"]
      if aligned.contains(parameter.type) { return [null] }
      return [
        null,
        Hostile(what: "misaligned", value: bits(memory(64, fill: 0xA5)) + 1, status: 101 ... 101),
      ]
    }
  }

  private func handleKind(_ parameter: CParameter) -> String? {
    guard !parameter.type.hasSuffix("**") else { return nil }
    return ["context", "dataset", "model", "trainer", "graph", "density", "chains"].first {
      parameter.type.contains("stein_\($0) *")
    }
  }

  private func handles(_ kind: String) -> [Hostile] {
    let living = [
      "context": context, "dataset": dataset, "model": model, "trainer": trainer, "graph": graph,
      "density": density, "chains": chains,
    ]
    var list = [
      ("zeros", bits(memory(4096))), ("destroyed", dead[kind] ?? 0), ("1", 1), ("all ones", .max),
      ("an address", bits(memory(64, fill: 0x7f))),
    ]
    for (other, handle) in living where other != kind { list.append(("a \(other)", handle)) }
    let own = living[kind] ?? 0
    // A changed bit may lead to another living object.
    for bit in [0, 3, 23, 24, 30, 55, 56, 60, 63] where !World.made.contains(own ^ (1 << bit)) {
      list.append(("bit \(bit) flipped", own ^ (1 << bit)))
    }
    return list.map { Hostile(what: $0.0, value: $0.1, status: 102 ... 102) }
  }

  private func sized(_ size: UInt32, _ total: Int) -> UInt64 {
    let block = memory(total)
    block.storeBytes(of: size, as: UInt32.self)
    return bits(block)
  }

  private func sizes(_ list: [UInt32], total: Int) -> [Hostile] {
    list.map { Hostile(what: "struct_size \($0)", value: sized($0, total), status: 101 ... 101) }
      + [Hostile(what: "misaligned", value: bits(memory(total + 64)) + 1, status: 101 ... 101)]
  }

  private func texts(_ name: String) -> [Hostile] {
    let status: ClosedRange<Int32> =
      name == "options" ? 105 ... 105 : name == "path" ? 103 ... 204 : 103 ... 103
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 70_000)
    var list = [
      Hostile(what: "70,000 letters", value: text(long), status: status),
      Hostile(what: "no UTF-8", value: text([0xff, 0xfe, 0x80]), status: status),
      Hostile(what: "%n%s", value: text("%n%s%n%s"), status: name == "path" ? nil : status),
    ]
    if name == "options" {
      list += ["nonsense=1", "=", "seed", "\"", "a=\"b", "=1", "threads=-1 threads=2"].map {
        Hostile(what: $0, value: text($0), status: status)
      }
    } else if name == "path" {
      list += ["", "/", "/nowhere/at/all"].map {
        Hostile(what: "'\($0)'", value: text($0), status: status)
      }
    }
    return list
  }

  private func tensors(_ name: String, anyColumns: Bool) -> [Hostile] {
    let data = memory(4096, fill: 0)
    func tensor(
      _ what: String, _ status: ClosedRange<Int32> = 101 ... 104,
      _ change: (inout TensorSpec) -> Void
    ) -> Hostile {
      var spec = TensorSpec(data: data)
      if name == "labels" { (spec.ndim, spec.shape, spec.dtype) = (1, [8], (0, 64, 1)) }
      change(&spec)
      return Hostile(what: what, value: spec.written(), status: status)
    }
    var list = [
      Hostile(what: "zeros", value: bits(memory(48)), status: 104 ... 104),
      Hostile(what: "misaligned struct", value: bits(memory(128)) + 1, status: 101 ... 101),
      tensor("shape NULL") { $0.shape = nil }, tensor("data NULL") { $0.data = nil },
      tensor("misaligned data") { $0.data = data + 1 }, tensor("offset 1") { $0.offset = 1 },
      tensor("offset 2^64-8") { $0.offset = .max - 7 },
      tensor("device 2") { $0.device.0 = 2 }, tensor("device id") { $0.device.1 = 1 },
      tensor("lanes 2") { $0.dtype.2 = 2 }, tensor("lanes 0") { $0.dtype.2 = 0 },
      tensor("bits 16") { $0.dtype = (2, 16, 1) }, tensor("complex") { $0.dtype = (5, 64, 1) },
      tensor("7 columns") {
        $0.shape = [8, 7]
        $0.ndim = 2
        if anyColumns { $0.dtype = (9, 9, 9) }
      },
    ]
    for axes in [-1, 0, 6, 33, Int32.max, .min] {
      list.append(tensor("\(axes) axes") { $0.ndim = axes })
    }
    for length in [-1, Int64.min, .max, 1 << 62] {
      list.append(tensor("length \(length)") { $0.shape = [length, 3] })
    }
    for step in [Int64.min, .max, 1 << 62, -(1 << 61)] {
      list.append(tensor("stride \(step)") { $0.strides = [step, step] })
    }
    if name == "out" {
      list.append(tensor("integers") { $0.dtype = (0, 64, 1) })
      list.append(tensor("elements on each other") { $0.strides = [0, 1] })
      list.append(tensor("rows on each other") { $0.strides = [2, 1] })
    }
    return list
  }
}
