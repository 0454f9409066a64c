# What every target of doppel is compiled with.
add_library(doppel_options INTERFACE)
target_include_directories(doppel_options INTERFACE
    ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/engine)
target_compile_options(doppel_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    # gcc 12 sees an overlap in `"literal" + std::string` that isn't there (its bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(DOPPEL_TOGETHER)
  target_compile_options(doppel_options INTERFACE -Wno-error)
endif()

if(DOPPEL_SANITIZE OR DOPPEL_FUZZ)
  target_compile_definitions(doppel_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_compile_options(doppel_options INTERFACE
      -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(doppel_options INTERFACE -fsanitize=address,undefined)
  # With sanitizers gcc sees uninitialised values that aren't (its manual says so of this warning).
  target_compile_options(doppel_options INTERFACE
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

if(DOPPEL_FUZZ)
  # libstdc++ 12's stable_sort calls a function of its own that C++20 calls deprecated.
  target_compile_options(doppel_options INTERFACE
      $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
  target_compile_options(doppel_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
