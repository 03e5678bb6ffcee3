// Single values of a command line, and what is said where they are none.
#include "tools/value.h"

#include <gtest/gtest.h>

#include "tools/value_text.h"

namespace einkorn::command {
namespace {

std::string Parsed(std::string_view text, const DataType& type) {
  const auto value = ParseValue(text, type);
  return value ? FormatValue(*value) : "error: " + value.error().message;
}

DataType Particle() {
  return frontend::MakeStruct(
      "Particle", nullptr,
      {{"pos", DataType::Array({3}, ScalarType::kF32)}, {"mass", ScalarType::kF64}});
}

TEST(Value, ReadsComplexNumbers) {
  const DataType c128 = DataType::Complex(ScalarType::kF64);
  for (const auto& [text, shown] : std::initializer_list<std::pair<const char*, const char*>>{
           {"1.5", "complex(1.5, 0.0)"},
           {"2i", "complex(0.0, 2.0)"},
           {"-2i", "complex(0.0, -2.0)"},
           {"1+2i", "complex(1.0, 2.0)"},
           {"-3.5-0.5i", "complex(-3.5, -0.5)"},
           {"1e-3-1e+2i", "complex(0.001, -100.0)"},
           {"1e+2i", "complex(0.0, 100.0)"},
           {"-0.0-0.0i", "complex(-0.0, -0.0)"},
           {"inf-nani", "complex(inf, nan)"},
           {"0x10+1_000i", "complex(16.0, 1000.0)"}})
    EXPECT_EQ(Parsed(text, c128), shown) << text;
  for (const char* text : {"", "i", "1+i", "1+2", "1++2i", "+2i", "1+2j", "2i+1", "1 + 2i", "abc"})
    EXPECT_EQ(Parsed(text, c128),
              std::string("error: `") + text +
                  "` is not a complex number; those are written 1.5, 2i and 1+2i");
  EXPECT_EQ(Parsed("1+16777217i", DataType::Complex(ScalarType::kF32)),
            "error: 16777217 has no exact value in f32; write it with a decimal point to round it");
}

TEST(Value, ReadsStructs) {
  const char* shown = "Particle { pos: [1.0, 2.0, 3.0], mass: 1.5 }";
  for (const char* text :
       {"{pos:[1,2,3],mass:1.5}", " { mass : 1.5 , pos : [ 1 , 2 , 3 ] } ", shown})
    EXPECT_EQ(Parsed(text, Particle()), shown) << text;
}

TEST(Value, SaysWhatIsWrongWithAStruct) {
  for (const auto& [text, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"1.5", "a Particle is written in braces, { pos: [3] f32, mass: f64 }, not `1.5`"},
           {"Part {", "a Particle is written in braces, { pos: [3] f32, mass: f64 }, not `Part`"},
           {"", "a Particle is written in braces, { pos: [3] f32, mass: f64 }, not ``"},
           {"{", "expected a field with its value, as in mass: 1.5, before ``"},
           {"{mass}", "expected a field with its value, as in mass: 1.5, before `mass}`"},
           {"{mass: 1.5", "expected , or } before ``"},
           {"{mass: 1.5}", "the field pos of type [3] f32 is missing"},
           {"{mass: 1.5, mass: 2}", "the field mass is given twice"},
           {"{mess: 1.5}", "a Particle has no field mess; it is { pos: [3] f32, mass: f64 }"},
           {"{mass: x}", "field mass: `x` is not a number of type f64"},
           {"{mass: }", "field mass: `}` is not a number of type f64"},
           {"{pos: 1}", "field pos: 3 elements stand in brackets, not `1`"},
           {"{pos: [1, 2]}", "field pos: the list has 2 elements, not 3"},
           {"{pos: [1, 2, 3, 4]}", "field pos: the list has more than 3 elements"},
           {"{pos: [1, 2, 3}", "field pos: expected ] before `}`"},
           {"{pos: [1 2, 3]}", "field pos: `1 2` is not a number of type f32"},
           {"{pos: [1, 2, 3], mass: 1} 2", "`2` stands behind the value"}})
    EXPECT_EQ(Parsed(text, Particle()), std::string("error: ") + message) << text;
}

}  // namespace
}  // namespace einkorn::command
