package import Platform

/// Reads a file, with the library's errors.
package func loadFile(_ path: String, memory: Memory) throws -> Storage<UInt8> {
  do {
    return try readFile(path, memory: memory)
  } catch let error as FileError {
    throw steinError(error, "can't read", path)
  }
}

package func saveFile(_ path: String, _ chunks: [View<UInt8>]) throws(SteinError) {
  do {
    try writeAtomically(path, chunks)
  } catch {
    throw steinError(error, "can't write", path)
  }
}

private func steinError(_ error: FileError, _ what: String, _ path: String) -> SteinError {
  let code: SteinError.Code =
    switch error.reason {
    case .missing: .noFile
    case .notAFile: .badFile
    case .changed, .system: .io
    }
  return SteinError(code, "\(what) '\(path)': \(error.message)", argument: "path")
}
