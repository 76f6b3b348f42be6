/// Keeps the code that libxsmm made until the process ends.
///
/// The release library's link sends libxsmm's call of `atexit` here: its handler would unmap that code under the feet of threads that
/// run it while another calls `exit`.
@_cdecl("__wrap_atexit")
public func keepGeneratedCode(_ handler: UnsafeRawPointer?) -> Int32 { 0 }
