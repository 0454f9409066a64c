# embed_texts(TARGET FILE...): files become a C++ source that defines
# doppel::ROOM::embedded_texts(), so that the binary carries them. Each is known by its path.
function(embed_texts target)
  string(REPLACE "doppel_" "" room ${target})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded_texts.cpp)
  set(code "#include \"${room}/embedded_texts.hpp\"\n\nnamespace doppel::${room} {\n\n")
  string(APPEND code "const std::vector<EmbeddedText>& embedded_texts() {\n")
  string(APPEND code "  static const std::vector<EmbeddedText> all{\n")
  foreach(file ${ARGN})
    file(READ ${file} text)
    string(APPEND code "      {\"${file}\", R\"TEXT(${text})TEXT\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(APPEND code "  };\n  return all;\n}\n\n}  // namespace doppel::${room}\n")
  file(CONFIGURE OUTPUT ${generated} CONTENT "${code}" @ONLY)
  target_sources(${target} PRIVATE ${generated})
endfunction()
