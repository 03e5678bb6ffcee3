// The types of values in the language: scalars, complex numbers, value arrays and structs.
//
// Every value is in the end a fixed number of scalars, its leaves, and that is how the IR sees it.
// A type's components say which: a component is one path of fields (`.pos`, `.re`) to a scalar,
// with the sizes of the value arrays on the way. The leaves of a value are those of its components
// one after the other, each row-major. An array of such values is one array of scalars for each
// component, whose dimensions are the array's own and then the component's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/types.h"

namespace einkorn::frontend {

struct Item;
struct DataInfo;

enum class DataForm : uint8_t { kScalar, kComplex, kArray, kStruct };

/// A type, compared by its structure. Cheap to copy.
class DataType {
 public:
  DataType() = default;
  DataType(ScalarType scalar);  // NOLINT: a scalar type is a type

  static DataType Complex(ScalarType part);
  static DataType Array(std::vector<int64_t> sizes, const DataType& element);

  bool valid() const { return info_ != nullptr; }
  const DataInfo& info() const { return *info_; }
  DataForm form() const;
  bool is_scalar() const { return valid() && form() == DataForm::kScalar; }
  bool is_complex() const { return valid() && form() == DataForm::kComplex; }
  bool is_array() const { return valid() && form() == DataForm::kArray; }
  bool is_struct() const { return valid() && form() == DataForm::kStruct; }
  /// Of a scalar itself; of a complex number the type of its parts.
  ScalarType scalar() const;
  /// Of a value array.
  const DataType& element() const;
  const std::vector<int64_t>& sizes() const;
  /// As the language writes it: `[3] f32`, `Particle`.
  const std::string& text() const;
  size_t leaf_count() const;

  friend bool operator==(const DataType& a, const DataType& b);
  /// The order of their texts, for maps.
  friend bool operator<(const DataType& a, const DataType& b) { return a.text() < b.text(); }

 private:
  friend class StructBuilder;
  std::shared_ptr<const DataInfo> info_;
};

/// One path to scalars inside a type.
struct Component {
  std::string path;              ///< `.pos`, empty for a scalar
  std::vector<int64_t> sizes;    ///< of the value arrays on the path, outermost first
  std::vector<int64_t> strides;  ///< one a size, in bytes
  ScalarType scalar = ScalarType::kBool;
  int64_t offset = 0;  ///< in bytes, as C lays structs out
  size_t first_leaf = 0;
  size_t leaf_count = 1;
};

struct Field {
  std::string name;
  DataType type;
  int64_t offset = 0;  ///< in bytes
  size_t first_component = 0;
};

/// What a type is made of.
struct DataInfo {
  DataForm form = DataForm::kScalar;
  ScalarType scalar = ScalarType::kBool;  ///< scalars, and the parts of complex numbers
  DataType element;                       ///< value arrays
  std::vector<int64_t> sizes;             ///< value arrays
  const Item* item = nullptr;             ///< structs that a program declares
  std::vector<Field> fields;              ///< structs; `re`, `im` of complex numbers
  std::vector<Component> components;
  size_t leaf_count = 1;
  int64_t bytes = 0;
  int64_t alignment = 1;
  std::string text;

  const Field* FieldNamed(std::string_view name) const;
};

/// Fields by name, in the order of their declaration.
using NamedTypes = std::vector<std::pair<std::string, DataType>>;

/// A struct of these fields; offsets, components and sizes are computed.
DataType MakeStruct(std::string text, const Item* item, const NamedTypes& fields);

/// The same where the fields lie at `offsets`, in elements of `bytes`, as a file may have them.
DataType MakeStructAt(std::string text, const NamedTypes& fields,
                      const std::vector<int64_t>& offsets, int64_t bytes);

/// What stands behind all levels of value arrays, and their sizes, outermost first: NumPy sees the
/// elements and more dimensions.
struct Elements {
  DataType type;
  std::vector<int64_t> sizes;
};
Elements ElementsOf(const DataType& type);

/// What reading a value of `type` gives: f32 for f16 and bf16, also in value arrays; else `type`.
DataType ReadType(const DataType& type);

/// How many elements an array of `sizes` has.
int64_t CountOf(const std::vector<int64_t>& sizes);
/// The indices of element number `position`, row-major.
std::vector<int64_t> IndicesOf(const std::vector<int64_t>& sizes, size_t position);
/// The way back; nullopt if an index is not known or outside.
std::optional<size_t> PositionOf(const std::vector<int64_t>& sizes,
                                 const std::function<std::optional<int64_t>(size_t)>& index);

/// Whether the integer type `to` has all values of the integer type `from`.
bool Widens(ScalarType from, ScalarType to);

/// A type of the language itself: the scalars, c64 and c128; else invalid.
DataType TypeNamed(std::string_view text);

/// The most scalars that one value may hold.
inline constexpr int64_t kMaxLeaves = int64_t{1} << 40;
/// The most scalars of a value that is computed with as a whole.
inline constexpr size_t kMaxWholeLeaves = 1024;

}  // namespace einkorn::frontend
