// Puts the bodies of called functions into their callers.
//
// A call becomes a `frame`, which a report shows exactly as it shows the call. Functions are taken
// in the order of calls, the called ones first, so a body that is put in has its own calls put in
// already. Recursive functions stay calls, since the depth of calls is counted for those. What
// grows is bounded: a caller takes bodies only up to kMostOps operations, so that a chain of
// functions that call each other twice does not double with every link. Ends because no function is
// taken twice.
#include <fmt/format.h>

#include <algorithm>

#include "ir/call_graph.h"
#include "ir/clone.h"
#include "ir/passes.h"

namespace einkorn::ir {
namespace {

constexpr size_t kMostOps = 3000;

// A kernel may make arrays of any size, which must be gone when it returns and may not be made
// inside a parallel loop; those of functions are small.
bool MayBeInlined(const Function& function) {
  if (function.kind == FunctionKind::kFunction) return !function.is_memo;
  if (function.kind != FunctionKind::kKernel) return false;
  return std::ranges::none_of(function.ops,
                              [](const Op& op) { return op.opcode == Opcode::kArray; });
}

// The name with the scalar parameters that FrameOfFunction shows.
std::string FrameText(const Function& function, const std::vector<size_t>& shown) {
  std::string names;
  for (size_t i : shown) names += (names.empty() ? "" : ", ") + function.params[i].name;
  return fmt::format("{}({})", function.name, names);
}

std::vector<size_t> ShownParams(const Function& function) {
  std::vector<size_t> shown;
  for (size_t i = 0; i < function.params.size(); ++i) {
    const ParamKind kind = function.params[i].kind;
    const bool is_kernel = function.kind == FunctionKind::kKernel;
    if (kind == ParamKind::kScalar || (kind == ParamKind::kSymbol && is_kernel)) shown.push_back(i);
  }
  return shown;
}

class Inliner : public Cloner {
 public:
  Inliner(const Function& source, Builder& target, const Module& module,
          const std::vector<bool>& inlined)
      : Cloner(source, target), module_(module), inlined_(inlined), size_(source.ops.size()) {}

 protected:
  void CloneOp(OpId id) override {
    const Op& op = source().op(id);
    if (op.opcode != Opcode::kCall || !inlined_[op.immediate]) {
      CopyOp(id);
      return;
    }
    const Function& callee = module_.functions[op.immediate];
    if (size_ + callee.ops.size() > kMostOps) {
      CopyOp(id);
      return;
    }
    size_ += callee.ops.size();
    MakeFrame(op, callee);
  }

 private:
  void MakeFrame(const Op& call, const Function& callee) {
    const std::vector<ValueId> arguments = Map(source().operands(call));
    const RegionId region = target().NewRegion();
    const RegionId outside = target().Enter(region);
    Cloner body(callee, target());
    for (size_t i = 0; i < callee.params.size(); ++i)
      body.Bind(callee.params[i].value, arguments[i]);
    target().Yield(body.CloneInto(callee.body), callee.terminator(callee.body).range);
    target().Enter(outside);

    const std::vector<size_t> shown = ShownParams(callee);
    OpSpec spec{.opcode = Opcode::kFrame,
                .range = call.range,
                .results = callee.results,
                .regions = {region},
                .text = FrameText(callee, shown)};
    for (size_t i : shown) spec.operands.push_back(arguments[i]);
    const OpId frame = target().Append(spec);
    for (size_t i = 0; i < call.results.count; ++i) {
      const ValueId result = target().function().result(target().function().op(frame), i);
      CopyNames(source().result(call, i), result);
      Bind(source().result(call, i), result);
    }
  }

  const Module& module_;
  const std::vector<bool>& inlined_;
  size_t size_;  // of the caller with what was put in so far
};

}  // namespace

void Inline(Module& module) {
  const CallGraph calls(module);
  std::vector<bool> inlined;
  for (size_t i = 0; i < module.functions.size(); ++i)
    inlined.push_back(MayBeInlined(module.functions[i]) && !calls.IsRecursive(FunctionId(i)));
  for (FunctionId id : calls.CalleesFirst())
    RebuildWith<Inliner>(module.function(id), module, inlined);
}

}  // namespace einkorn::ir
