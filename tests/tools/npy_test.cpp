#include "tools/npy.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/tools/temporary_folder.h"
#include "tools/array_value.h"
#include "tools/value_text.h"

namespace einkorn::command {
namespace {

std::string Bytes(const HostArray& array) {
  return NpyHeader(array) +
         std::string(reinterpret_cast<const char*>(array.data.get()), array.bytes());
}

// A file of the given version with `header` as it stands.
std::string File(int version, const std::string& header, const std::string& elements) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + elements;
}

class NpyTest : public testing::Test {
 protected:
  std::string Read(const std::string& bytes) {
    const auto array = ReadNpy(folder_.Write("x.npy", bytes));
    if (array) return FormatArrayType(array->type, array->sizes) + " " + FormatJson(*array);
    std::string message = array.error().message;
    message.replace(message.find(folder_.path("x.npy")), folder_.path("x.npy").size(), "FILE");
    return message;
  }
  TemporaryFolder folder_;
};

TEST_F(NpyTest, ReadsWhatItWrites) {
  for (int i = 0; i < kScalarTypeCount; ++i) {
    const auto type = static_cast<ScalarType>(i);
    for (const char* text : {"random(7; seed=5)", "random(2,3,4; seed=5)", "zeros(0,3)"}) {
      const auto array = ParseArrayValue(text, type);
      ASSERT_TRUE(array);
      EXPECT_EQ(Read(Bytes(*array)),
                FormatArrayType(type, array->sizes) + " " + FormatJson(*array));
    }
  }
}

// Byte for byte what numpy.save writes.
TEST_F(NpyTest, WritesVersionOne) {
  const auto array = ParseArrayValue("[1, 2]", ScalarType::kU8);
  const std::string dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(Bytes(*array), std::string("\x93NUMPY\1\0\x76\0", 10) + dictionary +
                               std::string(117 - dictionary.size(), ' ') + "\n\1\2");
}

TEST_F(NpyTest, KeepsColumnMajorOrderAsStrides) {
  const std::string bytes = File(1, "{'descr': '<u2', 'fortran_order': True, 'shape': (2, 3), }\n",
                                 {"\1\0\2\0\3\0\4\0\5\0\6\0", 12});
  EXPECT_EQ(Read(bytes), "[2, 3] u16 [[1, 3, 5], [2, 4, 6]]");
  const auto array = ReadNpy(folder_.path("x.npy"));
  EXPECT_NE(NpyHeader(*array).find("'fortran_order': True"), std::string::npos);
  const auto copy = CopyRowMajor(*array);
  EXPECT_TRUE(copy->is_row_major());
  EXPECT_EQ(FormatJson(*copy), FormatJson(*array));
}

TEST_F(NpyTest, ReadsVersionsTwoAndThreeAndOtherSpellings) {
  for (const int version : {2, 3})
    EXPECT_EQ(
        Read(File(version, "{\"shape\":(2 ,),'fortran_order':False,'descr':'<i1'}", "\1\xff")),
        "[2] i8 [1, -1]");
  EXPECT_EQ(Read(File(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", {"\0\2", 2})),
            "[2] bool [false, true]");
}

TEST_F(NpyTest, RefusesOtherElements) {
  EXPECT_EQ(Read(File(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "abcd")),
            "FILE holds elements of NumPy type >f4, which is big-endian; convert it with numpy's "
            "astype to '<f4'");
  for (const char* descr :
       {"'<c32'", "'<f16'", "'|O'", "'<U3'", "'<i1\\''", "[('a', '<f4'), ('b', [('c', '|S8')])]"}) {
    const std::string message = Read(File(
        1, std::string("{'descr': ") + descr + ", 'fortran_order': False, 'shape': (1,)}", "ab"));
    EXPECT_TRUE(message.find("none of Einkorn's") != std::string::npos ||
                message.find("malformed") != std::string::npos)
        << message;
  }
  EXPECT_EQ(
      Read(File(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "a")),
      "FILE has 9 dimensions; an array has at most 8");
}

DataType Particle() {
  return frontend::MakeStruct("Particle", nullptr,
                              {{"pos", DataType::Array({3}, ScalarType::kF32)},
                               {"mass", ScalarType::kF64},
                               {"on", ScalarType::kBool},
                               {"z", DataType::Complex(ScalarType::kF32)}});
}

// What a file with this type and these elements becomes for a kernel of particles.
std::string Converted(const TemporaryFolder& folder, const std::string& descr,
                      const std::string& shape, const std::string& elements) {
  auto array = ReadNpy(folder.Write(
      "x.npy", File(1, "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + "}",
                    elements)));
  if (!array) return array.error().message;
  auto converted = ConvertElements(std::move(*array), Particle());
  return converted ? FormatJson(*converted) : converted.error().message;
}

TEST_F(NpyTest, ReadsWhatItWritesOfComplexNumbersAndStructs) {
  const DataType types[] = {DataType::Complex(ScalarType::kF32),
                            DataType::Complex(ScalarType::kF64), Particle(),
                            frontend::MakeStruct("Pair", nullptr,
                                                 {{"first", Particle()},
                                                  {"rest", DataType::Array({2, 3}, Particle())},
                                                  {"last", ScalarType::kU8}})};
  for (const DataType& type : types)
    for (const char* text : {"random(7; seed=5)", "random(2,3; seed=5)", "zeros(0,3)"}) {
      const auto array = ParseArrayValue(text, type);
      ASSERT_TRUE(array);
      const auto file = ReadNpy(folder_.Write("x.npy", Bytes(*array)));
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_EQ(file->type.info().bytes, type.info().bytes);
      EXPECT_EQ(FormatJson(*file), FormatJson(*array));
    }
}

// What numpy.save writes of a dtype with align=True.
TEST_F(NpyTest, SaysWherePaddingIs) {
  const auto array = ParseArrayValue("zeros(2)", Particle());
  EXPECT_EQ(Bytes(*array).substr(10, 141),
            "{'descr': [('pos', '<f4', (3,)), ('', '|V4'), ('mass', '<f8'), ('on', '|b1'), "
            "('', '|V3'), ('z', '<c8'), ('', '|V4')], 'fortran_order': False");
  EXPECT_EQ(array->bytes(), 80u);
}

TEST_F(NpyTest, WritesVersionTwoForLongHeaders) {
  frontend::NamedTypes fields;
  for (int i = 0; i < 5000; ++i) fields.emplace_back("field" + std::to_string(i), ScalarType::kU8);
  const auto array = ParseArrayValue("range(0)", ScalarType::kU8);
  const auto wide = MakeArray(frontend::MakeStruct("Wide", nullptr, fields), {1});
  EXPECT_EQ(NpyHeader(*array)[6], 1);
  EXPECT_EQ(NpyHeader(*wide)[6], 2);
  EXPECT_EQ(NpyHeader(*wide).size() % 64, 0u);
  EXPECT_EQ(Read(Bytes(*wide)).find("FILE"), std::string::npos);
}

TEST_F(NpyTest, LaysOutPackedAndReorderedStructs) {
  const std::string one("\0\0\x80\x3f", 4), two("\0\0\0\x40", 4), zero(4, '\0');
  const std::string mass("\0\0\0\0\0\0\xf8\x3f", 8);  // 1.5
  const std::string expected =
      "[{\"pos\": [1.0, 2.0, 0.0], \"mass\": 1.5, \"on\": true, "
      "\"z\": [2.0, 1.0]}]";
  EXPECT_EQ(
      Converted(folder_, "[('pos', '<f4', (3,)), ('mass', '<f8'), ('on', '|b1'), ('z', '<c8')]",
                "(1,)", one + two + zero + mass + "\1" + two + one),
      expected);
  EXPECT_EQ(Converted(folder_,
                      "[('', '|V3'), ('on', '|b1'), (('a title', 'z'), '<c8'), ('mass', '<f8'), "
                      "('pos', '<f4', (3,)), ('', '|V1')]",
                      "(1,)", "abc\2" + two + one + mass + one + two + zero + "d"),
            expected);
}

TEST_F(NpyTest, RefusesStructsOfOtherFields) {
  EXPECT_EQ(Converted(folder_, "[('pos', '<f4', (2,)), ('mass', '<f8')]", "(0,)", ""),
            "the elements are { pos: [2] f32, mass: f64 }, but a Particle is { pos: [3] f32, mass: "
            "f64, on: bool, z: c64 }");
  for (const char* descr :
       {"[('pos', '<f4', (4,)), ('mass', '<f8'), ('on', '|b1'), ('z', '<c8')]",
        "[('pos', '<f4', (3,)), ('mass', '<f4'), ('on', '|b1'), ('z', '<c8')]",
        "[('pos', '<f4', (3,)), ('mess', '<f8'), ('on', '|b1'), ('z', '<c8')]",
        "[('pos', '<f4', (3,)), ('mass', '<f8'), ('on', '|b1'), ('z', [('re', '<f4'), ('im', "
        "'<f4')])]",
        "[]"})
    EXPECT_TRUE(Converted(folder_, descr, "(0,)", "").starts_with("the elements are {")) << descr;
  EXPECT_EQ(Converted(folder_, "[('pos', '<f4', (3,)), ('mass', '>f8')]", "(0,)", ""),
            folder_.path("x.npy") +
                " holds a field mass of NumPy type >f8, which is big-endian; convert it with "
                "numpy's astype to '<f8'");
}

TEST_F(NpyTest, RefusesMalformedStructs) {
  const auto read = [&](const std::string& descr) {
    return Read(File(1, "{'descr': " + descr + ", 'fortran_order': False, 'shape': (0,)}", ""));
  };
  ASSERT_EQ(read("[('a', '<f4')]"), "[0] { a: f32 } []");
  for (const char* descr : {"[",
                            "[(",
                            "[()]",
                            "[('a')]",
                            "[('a',)]",
                            "[('a', )]",
                            "['a']",
                            "[('a', '<f4'",
                            "[('a', '<f4')",
                            "[('a', '<f4', 3)]",
                            "[('a', '<f4', (3,)]",
                            "[('a', '<f4', (-3,))]",
                            "[('', '<f4')]",
                            "[('', '|V')]",
                            "[('', '|Vx')]",
                            "[('', '|V-1')]",
                            "[('', '|V99999999999999999')]",
                            "[(('t', 'a', 'b'), '<f4')]",
                            "[('a', '<f4') ('b', '<f4')]",
                            "[('a', [('b', '<f4'])]"})
    EXPECT_EQ(read(descr), "FILE is not a .npy file: its header is malformed") << descr;
  EXPECT_EQ(read("{'names': ['a'], 'formats': ['<f4']}"),
            "FILE is not a .npy file: its element type is a dictionary, which numpy.save never "
            "writes; give a list");
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "[('a', ";
  EXPECT_EQ(read(deep), "FILE is not a .npy file: its structs nest too deep");
  for (const char* descr :
       {"[('a', '<f4', (99999999999, 99999999999))]",
        "[('a', '<f4', (0, 99999999999, 99999999999))]", "[('a', [], (99999999999, 99999999999))]",
        "[('a', '<f4', (20000000000000,)), ('b', '<f4', (20000000000000,))]"})
    EXPECT_EQ(read(descr), "FILE is not a .npy file: its elements are too large") << descr;
}

TEST_F(NpyTest, EndsOnAnyHeader) {
  const std::string whole =
      "{'descr': [('pos', '<f4', (3,)), ('', '|V4'), ('inner', [(('t', 'z'), '<c8')], (2, 2)), "
      "('mass', '<f8')], 'fortran_order': False, 'shape': (2,), }";
  const std::string letters = "[](){}',: |<>Vfc0123456789ab";
  std::mt19937_64 random(7);
  int read = 0;
  for (int k = 0; k < 3'000; ++k) {
    std::string header = whole;
    for (uint64_t changes = random() % 4; changes > 0; --changes) {
      const size_t at = random() % header.size();
      if (random() % 3 == 0)
        header.erase(at, 1 + random() % 8);
      else
        header[at] = letters[random() % letters.size()];
    }
    const auto array = ReadNpy(folder_.Write("x.npy", File(1, header, std::string(112, '\1'))));
    if (!array) continue;
    ++read;
    EXPECT_FALSE(FormatJson(*array).empty());
  }
  EXPECT_GT(read, 100);
}

TEST_F(NpyTest, RefusesDamagedFiles) {
  const std::string whole = Bytes(*ParseArrayValue("[1.5, 2.5]", ScalarType::kF64));
  ASSERT_EQ(Read(whole), "[2] f64 [1.5, 2.5]");
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_TRUE(Read(whole.substr(0, length)).starts_with("FILE is ")) << length;
  EXPECT_TRUE(Read(whole + "x").starts_with("FILE is damaged")) << Read(whole + "x");
  EXPECT_TRUE(Read(File(9, "{}", "")).find("its version 9 is unknown") != std::string::npos);
  for (const char* header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': [, 'fortran_order': False, 'shape': (1,)}",
        "{'shape': (1,), 'fortran_order': False, 'shape': (1,)}"})
    EXPECT_EQ(Read(File(1, header, "abcd")), "FILE is not a .npy file: its header is malformed")
        << header;
  EXPECT_TRUE(
      Read(File(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999999,9,9,9)}",
                ""))
          .starts_with("FILE: no memory for an array"));
}

TEST(Npy, NamesTheSystemsReason) {
  const auto missing = ReadNpy("/no/such/file.npy");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(missing.error().message, "cannot read /no/such/file.npy: No such file or directory");
  EXPECT_EQ(ReadNpy("/").error().message, "cannot read /: it is a directory");
}

}  // namespace
}  // namespace einkorn::command
