// A program: one source text, read and checked once, then only read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "frontend/frontend.h"

namespace einkorn {

class Program {
 public:
  /// Checks `text`; messages call it `name`. Files that it imports are read; their paths are
  /// relative to the folder of `name`, or to the current one. A wrong program is a Program too: its
  /// diagnostics say what is wrong, and nothing of it can be compiled.
  static std::shared_ptr<const Program> Read(std::string name, std::string text);

  bool ok() const { return checked_ != nullptr; }
  const SourceSet& sources() const { return sources_; }
  SourceFileId file() const { return file_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }
  const std::vector<frontend::KernelInfo>& kernels() const { return kernels_; }
  const std::vector<frontend::TestInfo>& tests() const { return tests_; }
  /// Null if there is none of that name.
  const frontend::KernelInfo* KernelNamed(std::string_view name) const;
  /// Only where ok().
  const frontend::CheckedProgram& checked() const { return *checked_; }

 private:
  Program() = default;

  SourceSet sources_;
  SourceFileId file_;
  Diagnostics diagnostics_;
  frontend::CheckedProgramPointer checked_;
  std::vector<frontend::KernelInfo> kernels_;
  std::vector<frontend::TestInfo> tests_;
};

}  // namespace einkorn
