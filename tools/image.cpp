#include "tools/image.h"

#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <vector>

#include "tools/files.h"

namespace einkorn::command {
namespace {

// libpng reports by a jump out of its own frames. Every object that outlives the jump is therefore
// made by the functions around these, which hold none of their own.
struct PngState {
  std::string message;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

void OnPngError(png_structp png, png_const_charp message) {
  static_cast<PngState*>(png_get_error_ptr(png))->message = message;
  longjmp(png_jmpbuf(png), 1);
}

void OnPngWarning(png_structp, png_const_charp) {}

bool ReadPngHeader(PngState& state, std::FILE* stream) {
  if (setjmp(png_jmpbuf(state.png))) return false;
  png_init_io(state.png, stream);
  png_read_info(state.png, state.info);
  return true;
}

bool ReadPngRows(PngState& state, png_bytepp rows) {
  if (setjmp(png_jmpbuf(state.png))) return false;
  png_set_interlace_handling(state.png);
  png_read_image(state.png, rows);
  png_read_end(state.png, nullptr);
  return true;
}

void AppendBytes(png_structp png, png_bytep data, png_size_t bytes) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(data), bytes);
}

bool WritePng(PngState& state, std::string& out, png_uint_32 width, png_uint_32 height, int color,
              png_bytepp rows) {
  if (setjmp(png_jmpbuf(state.png))) return false;
  png_set_write_fn(state.png, &out, AppendBytes, nullptr);
  png_set_IHDR(state.png, state.info, width, height, 8, color, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(state.png, state.info);
  png_write_image(state.png, rows);
  png_write_end(state.png, nullptr);
  return true;
}

std::vector<png_bytep> RowsOf(const HostArray& array) {
  std::vector<png_bytep> rows(static_cast<size_t>(array.sizes[0]));
  const int64_t row_bytes = array.sizes[1] * (array.rank() == 3 ? 3 : 1);
  for (size_t y = 0; y < rows.size(); ++y)
    rows[y] = reinterpret_cast<png_bytep>(array.data.get()) + static_cast<int64_t>(y) * row_bytes;
  return rows;
}

// Why a PNG is none of ours; empty if it is one.
std::string PngRefusal(const PngState& state) {
  const int color = png_get_color_type(state.png, state.info);
  const int depth = png_get_bit_depth(state.png, state.info);
  if (color == PNG_COLOR_TYPE_PALETTE) return "a palette; save it as RGB";
  if (color & PNG_COLOR_MASK_ALPHA || png_get_valid(state.png, state.info, PNG_INFO_tRNS))
    return "transparency; remove its alpha channel";
  if (depth != 8) return fmt::format("{} bits a channel; save it with 8", depth);
  return {};
}

Result<HostArray> ReadOpenPng(PngState& state, InputFile& file) {
  const auto damaged = [&] {
    return EnvironmentError(
        fmt::format("{} is not a PNG that can be read: {}", file.path(), state.message));
  };
  if (!ReadPngHeader(state, file.stream())) return damaged();
  if (const std::string refusal = PngRefusal(state); !refusal.empty())
    return UsageError(
        fmt::format("{} has {} (gray and RGB of 8 bits are read)", file.path(), refusal));
  std::vector<int64_t> sizes = {png_get_image_height(state.png, state.info),
                                png_get_image_width(state.png, state.info)};
  if (png_get_channels(state.png, state.info) == 3) sizes.push_back(3);
  auto array = MakeArray(ScalarType::kU8, std::move(sizes));
  if (!array) return array;
  std::vector<png_bytep> rows = RowsOf(*array);
  if (!ReadPngRows(state, rows.data())) return damaged();
  return array;
}

// Reads one number of a PGM's header, which spaces and `#` comments precede; -1 where none stands.
int64_t ReadPgmNumber(std::FILE* stream) {
  int c = std::fgetc(stream);
  while (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#') {
    if (c == '#')
      while (c != '\n' && c != EOF) c = std::fgetc(stream);
    c = std::fgetc(stream);
  }
  int64_t value = -1;
  for (; c >= '0' && c <= '9' && value < (int64_t{1} << 32); c = std::fgetc(stream))
    value = (value < 0 ? 0 : value) * 10 + (c - '0');
  return value;
}

bool ReadPgmSamples(InputFile& file, bool as_text, int64_t greatest, HostArray& array) {
  if (!as_text && !file.Read(array.data.get(), array.bytes())) return false;
  for (int64_t k = 0; k < array.count(); ++k) {
    const int64_t value = as_text ? ReadPgmNumber(file.stream())
                                  : static_cast<int64_t>(array.LoadAt(ScalarType::kU8, k));
    if (value < 0 || value > greatest) return false;
    array.StoreAt(ScalarType::kU8, k, static_cast<uint64_t>(value));
  }
  return true;
}

Error NotAPicture(const HostArray& array, std::string_view format, std::string_view wanted) {
  return UsageError(fmt::format("a {} holds {}, not {}; write a .npy instead", format, wanted,
                                FormatArrayType(array.type, array.sizes)));
}

}  // namespace

Result<HostArray> ReadPng(const std::string& path) {
  auto file = InputFile::Open(path);
  if (!file) return file.error();
  PngState state;
  state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, OnPngError, OnPngWarning);
  if (state.png != nullptr) state.info = png_create_info_struct(state.png);
  if (state.info == nullptr) return EnvironmentError("no memory to read " + path);
  auto array = ReadOpenPng(state, *file);
  png_destroy_read_struct(&state.png, &state.info, nullptr);
  return array;
}

Result<HostArray> ReadPgm(const std::string& path) {
  auto file = InputFile::Open(path);
  if (!file) return file.error();
  char magic[2] = {};
  if (!file->Read(magic, 2) || magic[0] != 'P' || (magic[1] != '5' && magic[1] != '2'))
    return EnvironmentError(fmt::format("{} is not a PGM: it does not begin with P5 or P2", path));
  const int64_t width = ReadPgmNumber(file->stream());
  const int64_t height = ReadPgmNumber(file->stream());
  const int64_t greatest = ReadPgmNumber(file->stream());
  if (width <= 0 || height <= 0 || greatest <= 0)
    return EnvironmentError(fmt::format("{} is not a PGM: its header is malformed", path));
  if (greatest > 255)
    return UsageError(fmt::format("{} has samples up to {}; save it with 8 bits", path, greatest));
  auto array = MakeArray(ScalarType::kU8, {height, width});
  if (!array) return array;
  if (!ReadPgmSamples(*file, magic[1] == '2', greatest, *array))
    return EnvironmentError(
        fmt::format("{} is damaged: its samples end too early or exceed {}", path, greatest));
  return array;
}

Result<std::string> EncodePng(const HostArray& array) {
  const bool picture = array.type == ScalarType::kU8 && array.count() > 0 &&
                       (array.rank() == 2 || (array.rank() == 3 && array.sizes[2] == 3));
  if (!picture)
    return NotAPicture(array, "PNG", "[h, w] u8 or [h, w, 3] u8 with at least one pixel");
  if (array.sizes[0] > PNG_UINT_31_MAX || array.sizes[1] > PNG_UINT_31_MAX)
    return UsageError("a PNG has at most 2147483647 rows and columns");
  auto row_major = CopyRowMajor(array);
  if (!row_major) return row_major.error();
  std::vector<png_bytep> rows = RowsOf(*row_major);
  PngState state;
  std::string out;
  state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, OnPngError, OnPngWarning);
  if (state.png != nullptr) state.info = png_create_info_struct(state.png);
  if (state.info == nullptr) return EnvironmentError("no memory to write a PNG");
  const bool written =
      WritePng(state, out, static_cast<png_uint_32>(array.sizes[1]),
               static_cast<png_uint_32>(array.sizes[0]),
               array.rank() == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rows.data());
  png_destroy_write_struct(&state.png, &state.info);
  if (!written) return EnvironmentError("cannot write a PNG: " + state.message);
  return out;
}

Result<std::string> EncodePgm(const HostArray& array) {
  if (array.type != ScalarType::kU8 || array.rank() != 2 || array.count() == 0)
    return NotAPicture(array, "PGM", "[h, w] u8 with at least one pixel");
  auto row_major = CopyRowMajor(array);
  if (!row_major) return row_major.error();
  std::string out = fmt::format("P5\n{} {}\n255\n", array.sizes[1], array.sizes[0]);
  out.append(reinterpret_cast<const char*>(row_major->data.get()), row_major->bytes());
  return out;
}

}  // namespace einkorn::command
