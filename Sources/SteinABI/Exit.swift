/// Where the release library's link sends libxsmm's call of `atexit`: its handler would unmap the code that it made, under the feet of threads that run it
/// while another calls `exit`. The process's end frees it as well.
@_cdecl("__wrap_atexit")
public func keepGeneratedCode(_ handler: UnsafeRawPointer?) -> Int32 { 0 }
