/* What answers on every processor. */
#include "gate.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const char *stein_version(void) { return TEXT(STEIN_VERSION_MAJOR) "." TEXT(STEIN_VERSION_MINOR) "." TEXT(STEIN_VERSION_PATCH); }

const char *stein_status_name(stein_status status) {
  switch (status) {
#define NAME(status) \
  case status: return #status
    NAME(STEIN_OK);
    NAME(STEIN_BAD_POINTER);
    NAME(STEIN_BAD_HANDLE);
    NAME(STEIN_BAD_VALUE);
    NAME(STEIN_BAD_SHAPE);
    NAME(STEIN_BAD_OPTION);
    NAME(STEIN_BAD_STATE);
    NAME(STEIN_BUSY);
    NAME(STEIN_BUFFER_TOO_SMALL);
    NAME(STEIN_NOT_FINITE);
    NAME(STEIN_OUT_OF_MEMORY);
    NAME(STEIN_IO);
    NAME(STEIN_BAD_FILE);
    NAME(STEIN_NO_FILE);
    NAME(STEIN_UNSUPPORTED);
    NAME(STEIN_CANCELLED);
    NAME(STEIN_DEADLINE);
    NAME(STEIN_CALLBACK_FAILED);
    NAME(STEIN_DIVERGED);
    NAME(STEIN_INTERNAL);
#undef NAME
    default: return "unknown";
  }
}

/* The release library's link sends libxsmm's call of `atexit` here (--wrap): its handler would unmap the code that libxsmm made under the feet of
 * threads that run it while another calls `exit`. */
int __wrap_atexit(void (*handler)(void)) {
  (void)handler;
  return 0;
}
