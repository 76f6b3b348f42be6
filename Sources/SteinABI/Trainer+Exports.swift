// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names and the documentation are those of include/stein.h.

public import CStein
import Stein

@_cdecl("stein_trainer_new") @implementation
public func stein_trainer_new(
  _ model: OpaquePointer?, _ dataset: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ trainer: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["model", "dataset", "options", "trainer"]) { call in
    let model = unsafe try call.model(model, exclusive: true)
    let dataset = unsafe try call.dataset(dataset)
    let options = unsafe try call.options(options)
    let out = unsafe try call.output(trainer, "trainer")
    let made = try Trainer(model: model, dataset: dataset, options: options)
    unsafe out.pointee = try HandleTable.shared.insert(made, .trainer)
  }
}

@_cdecl("stein_trainer_run") @implementation
public func stein_trainer_run(
  _ trainer: OpaquePointer?, _ steps: Int64, _ finished: UnsafeMutablePointer<Int32>?,
  _ monitor: UnsafeMutablePointer<stein_monitor>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "steps", "finished", "monitor"]) { call in
    let trainer = unsafe try call.trainer(trainer, exclusive: true)
    guard steps >= 0, steps < 1 << 60 else {
      throw SteinError(.badValue, "steps is \(steps); it is 0 (all) or more", argument: "steps")
    }
    let finished = unsafe try finished.map { unsafe try call.output($0, "finished") }
    let monitor = unsafe try call.monitor(monitor)
    (trainer.noise as? HostNoise)?.hostMode = call.hostMode
    (trainer.ranks?.engine as? HostReduce)?.hostMode = call.hostMode
    let done = try trainer.run(steps: Int(steps), monitor: monitor)
    if let finished = unsafe finished { unsafe finished.pointee = done ? 1 : 0 }
  }
}

@_cdecl("stein_trainer_save") @implementation
public func stein_trainer_save(
  _ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "path"]) { call in
    let trainer = unsafe try call.trainer(trainer)
    let path = unsafe try call.path(path)
    try trainer.save(path: path)
  }
}

@_cdecl("stein_trainer_resume") @implementation
public func stein_trainer_resume(
  _ context: OpaquePointer?, _ dataset: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ trainer: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["context", "dataset", "path", "model", "trainer"]) { call in
    let context = unsafe try call.context(context)
    let dataset = unsafe try call.dataset(dataset)
    let path = unsafe try call.path(path)
    let modelOut = unsafe try call.output(model, "model")
    let trainerOut = unsafe try call.output(trainer, "trainer")
    let made = try Trainer.resume(context: context, dataset: dataset, path: path)
    let handle = unsafe try HandleTable.shared.insert(made.0, .model)
    unsafe trainerOut.pointee = try HandleTable.shared.insert(made.1, .trainer)
    unsafe modelOut.pointee = handle
  }
}

@_cdecl("stein_trainer_set") @implementation
public func stein_trainer_set(
  _ trainer: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "options"]) { call in
    let trainer = unsafe try call.trainer(trainer, exclusive: true)
    let options = unsafe try call.options(options)
    try trainer.set(options: options)
  }
}

@_cdecl("stein_trainer_describe") @implementation
public func stein_trainer_describe(
  _ trainer: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "buffer", "capacity", "needed"]) { call in
    let trainer = unsafe try call.trainer(trainer)
    let needed = unsafe try call.buffer(needed)
    unsafe try call.write(trainer.describe(), buffer, capacity, needed)
  }
}

@_cdecl("stein_trainer_get_numbers") @implementation
public func stein_trainer_get_numbers(
  _ trainer: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafeMutablePointer<Double>?,
  _ capacity: UInt64, _ needed: UnsafeMutablePointer<UInt64>?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "name", "values", "capacity", "needed"]) { call in
    let object = unsafe try call.trainer(trainer)
    unsafe try call.writeNumbers(of: object, name, values, capacity, needed)
  }
}

@_cdecl("stein_trainer_get_text") @implementation
public func stein_trainer_get_text(
  _ trainer: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: Int64,
  _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: UInt64,
  _ needed: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  unsafe boundary(error, ["trainer", "name", "index", "buffer", "capacity", "needed"]) { call in
    let object = unsafe try call.trainer(trainer)
    unsafe try call.writeText(of: object, name, index, buffer, capacity, needed)
  }
}

@_cdecl("stein_trainer_set_noise") @implementation
public func stein_trainer_set_noise(
  _ trainer: OpaquePointer?, _ noise: stein_noise_fn?, _ user: UnsafeMutableRawPointer?,
  _ release: stein_release_fn?, _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  // Made first, so that `user` is released whatever happens.
  let source = unsafe HostNoise(noise, user: user, release: release)
  return unsafe boundary(error, ["trainer", "noise", "user", "release"]) { call in
    let trainer = unsafe try call.trainer(trainer, exclusive: true)
    guard source.isSet else {
      throw SteinError(.badPointer, "noise is NULL", argument: "noise")
    }
    try trainer.setNoise(source)
  }
}

@_cdecl("stein_trainer_set_allreduce") @implementation
public func stein_trainer_set_allreduce(
  _ trainer: OpaquePointer?, _ rank: Int32, _ ranks: Int32, _ sum: stein_allreduce_fn?,
  _ user: UnsafeMutableRawPointer?, _ release: stein_release_fn?,
  _ error: UnsafeMutablePointer<stein_error>?
) -> stein_status {
  // Made first, so that `user` is released whatever happens.
  let engine = unsafe HostReduce(sum, user: user, release: release)
  return unsafe boundary(error, ["trainer", "rank", "ranks", "sum", "user", "release"]) { call in
    let trainer = unsafe try call.trainer(trainer, exclusive: true)
    guard ranks >= 1, ranks <= 1 << 20 else {
      throw SteinError(.badValue, "ranks is \(ranks); it is 1 to 1048576", argument: "ranks")
    }
    guard rank >= 0, rank < ranks else {
      throw SteinError(
        .badValue, "rank is \(rank); it is 0 to \(ranks - 1)", argument: "rank")
    }
    guard engine.isSet else {
      throw SteinError(.badPointer, "sum is NULL", argument: "sum")
    }
    engine.hostMode = call.hostMode
    try trainer.setAllReduce(engine, rank: Int(rank), count: Int(ranks))
  }
}

@_cdecl("stein_trainer_free") @implementation
public func stein_trainer_free(_ trainer: OpaquePointer?) -> stein_status {
  unsafe free(trainer, .trainer)
}
