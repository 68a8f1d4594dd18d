/* What this machine can do at most: a copy that bypasses the cache, and multiply-adds in registers. */
#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Returns 1 if stores bypass the cache; count is in floats, and both pointers are 64-byte aligned. */
int streaming_copy(float *to, const float *from, size_t count) {
#if defined(__AVX512F__)
    for (size_t i = 0; i + 16 <= count; i += 16) _mm512_stream_ps(to + i, _mm512_load_ps(from + i));
    _mm_sfence();
    return 1;
#elif defined(__AVX__)
    for (size_t i = 0; i + 8 <= count; i += 8) _mm256_stream_ps(to + i, _mm256_load_ps(from + i));
    _mm_sfence();
    return 1;
#elif defined(__SSE__)
    for (size_t i = 0; i + 4 <= count; i += 4) _mm_stream_ps(to + i, _mm_load_ps(from + i));
    _mm_sfence();
    return 1;
#else
    memcpy(to, from, count * sizeof(float));
    return 0;
#endif
}

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#if defined(__AVX512F__)
#define KEEP(value) __asm__ volatile("" : "+v"(value))
#elif defined(__x86_64__)
#define KEEP(value) __asm__ volatile("" : "+x"(value))
#elif defined(__aarch64__)
#define KEEP(value) __asm__ volatile("" : "+w"(value))
#else
#define KEEP(value) __asm__ volatile("" : "+m"(value))
#endif
typedef float vector __attribute__((vector_size(LANES * 4)));

#define EACH(DO) \
    DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* Twelve independent chains of multiply-adds, which hide the latency of each; returns the flops done. */
double multiply_adds(long rounds, float *sink) {
    vector factor, term;
    for (int l = 0; l < LANES; l++) factor[l] = 0.999f, term[l] = 0.001f;
#define START(k) vector total##k = factor * (float)k;
    EACH(START)
    for (long r = 0; r < rounds; r++) {
#define STEP(k) total##k = total##k * factor + term; KEEP(total##k);
        EACH(STEP)
    }
    vector all = factor;
#define ADD(k) all += total##k;
    EACH(ADD)
    for (int l = 0; l < LANES; l++) sink[l] = all[l];
    return 2.0 * LANES * 12 * (double)rounds;
}
