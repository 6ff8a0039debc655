# Flags of every target. Bits are a promise: no contraction, no fast-math, no -march=native; only the hot kernels of an
# instruction set are compiled for it (brood_room's PATHS).
option(BROOD_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(BROOD_COVERAGE "Build with gcov's counters" OFF)

add_library(brood_flags INTERFACE)
target_compile_options(brood_flags INTERFACE
  -ffp-contract=off -fno-fast-math
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wvla)
if(BROOD_WERROR)
  target_compile_options(brood_flags INTERFACE -Werror)
endif()
target_compile_definitions(brood_flags INTERFACE _GNU_SOURCE)
target_include_directories(brood_flags INTERFACE ${CMAKE_SOURCE_DIR}/include)

set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g3")
if(BROOD_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(BROOD_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# One list of flags a path (brood/math/isa.h). -fno-trapping-math lets selects be vectorised and changes no value. -g1: with
# the sanitizers' checks, to find where unrolled kernels keep each variable takes the compiler longer than all else.
set(BROOD_PATH_FLAGS_avx2 -O3 -g1 -mavx2 -mfma -fno-math-errno -fno-trapping-math)
set(BROOD_PATH_FLAGS_avx512 -O3 -g1 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512 -fno-math-errno -fno-trapping-math)
