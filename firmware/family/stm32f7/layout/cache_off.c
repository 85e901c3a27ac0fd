/* In place of cache_enable (cache.h): both caches are off after reset (PM0253 4.3, CCR) and stay so. */
void __wrap_cache_enable(void);

void __wrap_cache_enable(void) {
}
