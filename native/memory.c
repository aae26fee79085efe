/*
 * What a crowd leaves behind. The C library keeps free pieces between those that are in use, and V8 keeps pages that a
 * collection has emptied; both go back to the system only when they are asked for.
 */
#include "call.h"

#include <malloc.h>

/*
 * `v8::Isolate`, by the names that its compiler gave, since Node-API has no word for it. Weak: where a Node has them no more
 * nothing is asked of it.
 */
extern void *current_isolate(void) __asm__("_ZN2v87Isolate10GetCurrentEv") __attribute__((weak));
extern void tell_pressure(void *isolate, int level) __asm__(
    "_ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE") __attribute__((weak));

/* v8::MemoryPressureLevel */
enum { no_pressure, moderate_pressure };

napi_value on_collect_memory(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  if (current_isolate == NULL || tell_pressure == NULL) return NULL;
  void *isolate = current_isolate();
  /* Begins a collection, in steps, that ends with the pool of pages empty; what comes after it is collected as ever. */
  tell_pressure(isolate, moderate_pressure);
  tell_pressure(isolate, no_pressure);
  return NULL;
}

napi_value on_release_memory(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  (void)malloc_trim(0);
  return NULL;
}
