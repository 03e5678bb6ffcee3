#include "base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace einkorn {
namespace {

constexpr size_t kShownBytes = 40;

unsigned ByteAt(std::string_view text, size_t position) {
  return position < text.size() ? static_cast<unsigned char>(text[position]) : 0u;
}

bool IsContinuation(unsigned byte) {
  return (byte & 0xc0) == 0x80;
}

// How many bytes the character that begins with `first` has; 0 if none does.
size_t LengthFrom(unsigned first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

// The range of the second byte is narrower after some first ones: no overlong forms, no surrogates,
// nothing above U+10FFFF.
bool IsSecondByte(unsigned first, unsigned second) {
  if (!IsContinuation(second)) return false;
  switch (first) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second < 0xa0;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second < 0x90;
    default:
      return true;
  }
}

}  // namespace

size_t FindInvalidUtf8(std::string_view text) {
  size_t position = 0;
  while (position < text.size()) {
    const unsigned first = ByteAt(text, position);
    const size_t length = LengthFrom(first);
    bool valid = length > 0 && (length == 1 || IsSecondByte(first, ByteAt(text, position + 1)));
    for (size_t k = 2; k < length; ++k) valid = valid && IsContinuation(ByteAt(text, position + k));
    if (!valid) return position;
    position += length;
  }
  return std::string_view::npos;
}

std::string_view CharacterAt(std::string_view text, size_t position) {
  return text.substr(position, std::max<size_t>(1, LengthFrom(ByteAt(text, position))));
}

std::string Shorten(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && IsContinuation(ByteAt(text, end))) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace einkorn
