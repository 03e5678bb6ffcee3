// UTF-8 text: where it is wrong, its characters, and short forms of it for messages.
#pragma once

#include <string>
#include <string_view>

namespace einkorn {

/// The offset of the first byte that is not UTF-8 (overlong forms, surrogates and values above
/// U+10FFFF are not), or npos.
size_t FindInvalidUtf8(std::string_view text);

/// The bytes of the character at `position` of UTF-8 text; never empty inside the text.
std::string_view CharacterAt(std::string_view text, size_t position);

/// `text`, cut with `...` if it is too long for a message.
std::string Shorten(std::string_view text);

}  // namespace einkorn
