// Running the `test` blocks of a program: the body is interpreted, the kernels it launches run on
// every target under test, and what they give is compared bit for bit.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/session.h"

namespace einkorn {

/// A way to run kernels that a test compares.
struct TestTarget {
  std::string name;  ///< as reports call it: `cpu, 1 thread`
  CompileOptions options;
  int threads = 0;
};

struct TestResult {
  std::string name;
  bool passed = false;
  std::optional<Fault> fault;  ///< why it failed: a fault that was not expected
  std::string difference;      ///< or: how two targets differ
  std::string printed;
  double seconds = 0;
};

class TestRunner {
 public:
  /// Of several targets the first gives the results that the test goes on with.
  TestRunner(Session& session, std::shared_ptr<const Program> program,
             std::vector<TestTarget> targets);
  ~TestRunner();
  /// Runs test number `index` of the program's tests. Refused requests (a target that is not there)
  /// are Errors.
  Result<TestResult> Run(size_t index);
  /// The same for several, on so many threads; the results in the order of `indices`.
  std::vector<Result<TestResult>> RunAll(const std::vector<size_t>& indices, size_t threads);

 private:
  class Host;
  struct Kernels;
  Session& session_;
  std::shared_ptr<const Program> program_;
  std::vector<TestTarget> targets_;
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace einkorn
