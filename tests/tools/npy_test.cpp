#include "tools/npy.h"

#include <gtest/gtest.h>

#include "tests/tools/temporary_folder.h"
#include "tools/array_text.h"
#include "tools/array_value.h"

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
    if (array) return FormatArrayType(array->type, array->sizes) + " " + FormatArrayJson(*array);
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
                FormatArrayType(type, array->sizes) + " " + FormatArrayJson(*array));
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
  EXPECT_EQ(FormatArrayJson(*copy), FormatArrayJson(*array));
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
       {"'<c8'", "'<f2'", "'|O'", "'<U3'", "'<i1\\''", "[('a', '<f4'), ('b', [('c', '<f8')])]"}) {
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
        "{'descr': [, 'fortran_order': False, 'shape': (1,)}"})
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
