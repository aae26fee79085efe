/*
 * What the C library's heap keeps for later, which after a crowd of connections is most of it: free pieces between those
 * that are in use go back to the system only when they are asked for.
 */
#include "call.h"

#include <malloc.h>

napi_value on_release_memory(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  (void)malloc_trim(0);
  return NULL;
}
