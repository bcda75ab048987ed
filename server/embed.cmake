# Each file of the server that is sent as it is becomes a C array: generated/asset_NAME.h with
# `static const unsigned char asset_NAME[]`, NAME with '_' for other characters.
file(GLOB assets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/server/*/*.js ${CMAKE_SOURCE_DIR}/server/*/*.json)
foreach(source ${assets})
  get_filename_component(name ${source} NAME)
  string(MAKE_C_IDENTIFIER ${name} name)
  file(READ ${source} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/asset_${name}.h CONTENT "static const unsigned char asset_${name}[] = {\n${bytes}\n};\n" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
endforeach()
