# room(NAME [USES room...] [LIBRARIES target...])
#
# A room is a folder, a namespace and a static library doppel_NAME. Sources are the folder's *.cpp;
# by their suffix some go elsewhere: *_test.cpp into the one binary of unit tests, *_laws.cpp into
# the one binary of property tests (rapidcheck compiles slowly, so it has a home of its own),
# *_fuzz.cpp into a fuzz target each.
function(room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(laws ${sources})
  set(fuzz ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER laws INCLUDE REGEX "_laws\\.cpp$")
  list(FILTER fuzz INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|laws|fuzz)\\.cpp$")

  set(target doppel_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  list(TRANSFORM ROOM_USES PREPEND doppel_)
  target_link_libraries(${target} ${scope} doppel_options ${ROOM_USES} ${ROOM_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY DOPPEL_ROOMS ${target})
  set_property(GLOBAL APPEND PROPERTY DOPPEL_UNIT_TESTS ${tests})
  set_property(GLOBAL APPEND PROPERTY DOPPEL_LAW_TESTS ${laws})
  set_property(GLOBAL APPEND PROPERTY DOPPEL_FUZZ_TARGETS ${fuzz})
endfunction()
