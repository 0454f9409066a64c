/* Preloaded by a test: the wall clock of the process is so many seconds wrong. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t which, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*) = NULL;
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "clock_gettime");
  const int done = real(which, now);
  const char* skew = getenv("DOPPEL_TEST_CLOCK_SKEW");
  if (done == 0 && which == CLOCK_REALTIME && skew != NULL) now->tv_sec += atol(skew);
  return done;
}
