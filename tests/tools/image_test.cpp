#include "tools/image.h"

#include <gtest/gtest.h>
#include <png.h>

#include "tests/tools/temporary_folder.h"
#include "tools/array_value.h"
#include "tools/value_text.h"

namespace einkorn::command {
namespace {

class ImageTest : public testing::Test {
 protected:
  std::string Shown(const Result<HostArray>& array) {
    if (array) return FormatArrayType(array->type, array->sizes) + " " + FormatJson(*array);
    std::string message = array.error().message;
    if (const size_t at = message.find(folder_.path("")); at != std::string::npos)
      message.erase(at, folder_.path("").size());
    return message;
  }
  std::string Png(const std::string& bytes) {
    return Shown(ReadPng(folder_.Write("x.png", bytes)));
  }
  std::string Pgm(const std::string& bytes) {
    return Shown(ReadPgm(folder_.Write("x.pgm", bytes)));
  }

  // A PNG of two samples' worth of rows in a format that libpng knows.
  std::string PngOf(png_uint_32 format) {
    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    image.width = 2;
    image.height = 1;
    image.format = format;
    image.colormap_entries = 256;
    const std::string samples(64, '\x40');
    const std::string colormap(256 * 4, '\x40');
    png_image_write_to_file(&image, folder_.path("made.png").c_str(), 0, samples.data(), 0,
                            colormap.data());
    return folder_.Read("made.png");
  }
  TemporaryFolder folder_;
};

HostArray Array(std::string_view text, ScalarType type = ScalarType::kU8) {
  return std::move(ParseArrayValue(text, type)).value();
}

TEST_F(ImageTest, PngReadsWhatItWrites) {
  for (const char* text :
       {"[[0, 1, 255], [7, 8, 9]]", "[[[1, 2, 3], [4, 5, 6]]]", "random(40, 30; seed=1)"}) {
    const HostArray array = Array(text);
    EXPECT_EQ(Png(*EncodePng(array)),
              FormatArrayType(array.type, array.sizes) + " " + FormatJson(array));
  }
}

TEST_F(ImageTest, PngRefusesKindsThatWouldBeConverted) {
  EXPECT_EQ(Png(PngOf(PNG_FORMAT_RGBA)),
            "x.png has transparency; remove its alpha channel (gray and RGB of 8 bits are read)");
  EXPECT_EQ(Png(PngOf(PNG_FORMAT_GA)),
            "x.png has transparency; remove its alpha channel (gray and RGB of 8 bits are read)");
  EXPECT_EQ(Png(PngOf(PNG_FORMAT_LINEAR_Y)),
            "x.png has 16 bits a channel; save it with 8 (gray and RGB of 8 bits are read)");
  EXPECT_EQ(Png(PngOf(PNG_FORMAT_RGB_COLORMAP)),
            "x.png has a palette; save it as RGB (gray and RGB of 8 bits are read)");
}

TEST_F(ImageTest, PngRefusesDamage) {
  const std::string whole = *EncodePng(Array("random(8, 8)"));
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_TRUE(Png(whole.substr(0, length)).starts_with("x.png is not a PNG that can be read: "))
        << length;
  std::string changed = whole;
  changed[whole.size() / 2] ^= 1;
  EXPECT_TRUE(Png(changed).starts_with("x.png is not a PNG that can be read: "));
}

TEST_F(ImageTest, PngHoldsPicturesOnly) {
  EXPECT_EQ(EncodePng(Array("[[1.0]]", ScalarType::kF32)).error().message,
            "a PNG holds [h, w] u8 or [h, w, 3] u8 with at least one pixel, not [1, 1] f32; write "
            "a .npy instead");
  EXPECT_FALSE(EncodePng(Array("[1]")));
  EXPECT_FALSE(EncodePng(Array("zeros(0, 3)")));
  EXPECT_FALSE(EncodePng(Array("zeros(2, 3, 4)")));
}

TEST_F(ImageTest, PgmReadsBothForms) {
  EXPECT_EQ(Pgm("P2\n# a comment\n3 2 # another\n255\n0 1 2\n3 4 255\n"),
            "[2, 3] u8 [[0, 1, 2], [3, 4, 255]]");
  EXPECT_EQ(Pgm("P5 2 1 255\n\n#"), "[1, 2] u8 [[10, 35]]");
  EXPECT_EQ(Pgm(*EncodePgm(Array("[[1, 2], [3, 4]]"))), "[2, 2] u8 [[1, 2], [3, 4]]");
}

TEST_F(ImageTest, PgmRefusesTheRest) {
  EXPECT_EQ(Pgm("P6 1 1 255\nabc"), "x.pgm is not a PGM: it does not begin with P5 or P2");
  EXPECT_EQ(Pgm("P5 1 1 65535\nab"), "x.pgm has samples up to 65535; save it with 8 bits");
  EXPECT_EQ(Pgm("P5 2 2 255\nabc"), "x.pgm is damaged: its samples end too early or exceed 255");
  EXPECT_EQ(Pgm("P2 2 1 9\n3 10"), "x.pgm is damaged: its samples end too early or exceed 9");
  EXPECT_EQ(Pgm("P5 0 2 255\n"), "x.pgm is not a PGM: its header is malformed");
  EXPECT_EQ(Pgm("P5 -1 2 255\n"), "x.pgm is not a PGM: its header is malformed");
  EXPECT_FALSE(EncodePgm(Array("zeros(2, 3, 3)")));
}

TEST_F(ImageTest, ColumnMajorArraysAreWrittenInRows) {
  HostArray array = Array("[[1, 2, 3], [4, 5, 6]]");
  array.sizes = {3, 2};
  array.strides = ColumnMajorStrides(array.type, array.sizes);
  EXPECT_EQ(Png(*EncodePng(array)), "[3, 2] u8 [[1, 4], [2, 5], [3, 6]]");
  EXPECT_EQ(Pgm(*EncodePgm(array)), "[3, 2] u8 [[1, 4], [2, 5], [3, 6]]");
}

}  // namespace
}  // namespace einkorn::command
