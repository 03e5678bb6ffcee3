// Parallel loops: their bodies as functions over chunks of the flattened ranges.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "backends/cpu/emitter.h"
#include "backends/cpu/lane_emitter.h"
#include "ir/lanes.h"

namespace einkorn::cpu {
namespace {

// How many iterations a loop is thought to have whose bounds are not known.
constexpr uint64_t kTypicalIterations = 16;
constexpr uint64_t kMostWork = uint64_t{1} << 40;
// A sequential loop of fewer iterations is none for lanes.
constexpr uint64_t kLeastLaneIterations = 16;
// What lanes lose with each access to elements that lie apart, in additions that they save.
constexpr uint64_t kCostOfStrided = 2;

}  // namespace

// What the body of a parallel loop uses from around it: LLVM values by their place in a struct that
// lies in the frame of the launching function.
struct FunctionEmitter::Captured {
  std::vector<Value*> values;
  std::map<Value*, unsigned> places;
  ::llvm::StructType* type = nullptr;

  void Add(Value* value) {
    if (::llvm::isa<::llvm::Constant>(value)) return;
    if (places.try_emplace(value, static_cast<unsigned>(values.size())).second)
      values.push_back(value);
  }
};

void FunctionEmitter::CollectUses(ir::RegionId region, std::vector<bool>& inside,
                                  std::vector<ir::ValueId>& uses) const {
  for (ir::ValueId argument : function_.region(region).arguments) inside[argument.index] = true;
  for (ir::OpId id : function_.region(region).ops) {
    const ir::Op& op = function_.op(id);
    for (ir::ValueId value : function_.operands(op))
      if (!inside[value.index]) uses.push_back(value);
    for (ir::RegionId inner : function_.regions_of(op)) CollectUses(inner, inside, uses);
    for (ir::ValueId result : function_.results_of(op)) inside[result.index] = true;
  }
}

uint64_t FunctionEmitter::WorkOf(ir::RegionId region) const {
  uint64_t work = 0;
  for (ir::OpId id : function_.region(region).ops) {
    const ir::Op& op = function_.op(id);
    uint64_t inside = 0;
    for (ir::RegionId inner : function_.regions_of(op)) inside += WorkOf(inner);
    const bool is_loop =
        op.opcode == Opcode::kFor || op.opcode == Opcode::kWhile || op.opcode == Opcode::kCall;
    work = std::min(work + 1 + inside * (is_loop ? kTypicalIterations : 1), kMostWork);
  }
  return work;
}

// How many values a range has, at most 2^63 - 1: nobody lives to see the difference.
::llvm::Value* FunctionEmitter::CountOf(const Range& range) {
  Value* most = Int64(INT64_MAX);
  Value* last = b_.CreateZExt(range.last, b_.getInt64Ty());
  Value* count = b_.CreateSelect(b_.CreateICmpUGE(last, most), most, b_.CreateAdd(last, Int64(1)));
  return b_.CreateSelect(range.has_value, count, Int64(0));
}

// Whether lanes are possible inside of a region, with all accesses next to each other: then rather
// there than around it.
bool FunctionEmitter::HasBetterLanes(ir::RegionId region) {
  return std::ranges::any_of(function_.region(region).ops, [&](ir::OpId id) {
    const ir::Op& op = function_.op(id);
    const auto suits = [](const ir::LanePlan& plan) {
      return plan.is_possible() && plan.loss.empty() && plan.tail.empty() &&
             plan.adjacent_accesses > 0 && plan.strided_accesses == 0;
    };
    if (op.opcode == Opcode::kLanes) return suits(PlanOf(id));
    if (op.opcode == Opcode::kFor && MayBeLanes(id, op) && suits(PlanOf(id))) return true;
    return std::ranges::any_of(function_.regions_of(op),
                               [&](ir::RegionId inner) { return HasBetterLanes(inner); });
  });
}

// Whether it is a loop whose iterations may be lanes, and has enough of them as far as is known.
bool FunctionEmitter::MayBeLanes(ir::OpId id, const ir::Op& op) {
  const ir::Op* from = function_.ConstantOf(function_.operand(op, 0));
  const ir::Op* to = function_.ConstantOf(function_.operand(op, 1));
  const bool is_short =
      from != nullptr && to != nullptr && to->immediate - from->immediate < kLeastLaneIterations;
  if (is_short) return false;
  const ir::LanePlan& plan = PlanOf(id);
  return plan.is_independent || (plan.is_possible() && !plan.tail.empty());
}

const ir::LanePlan& FunctionEmitter::PlanOf(ir::OpId id) {
  const auto [at, is_new] = lane_plans_.try_emplace(id);
  if (is_new)
    at->second = ir::PlanLanes(
        function_, id, function_.op(id).opcode != Opcode::kFor || module_.IsIndependent(id_, id));
  return at->second;
}

const ir::LanePlan* FunctionEmitter::ChooseLanes(ir::OpId id, const ir::Op& op) {
  // What runs where lanes have failed needs none.
  if (is_spare_) return nullptr;
  const auto refuse = [&](std::string why) {
    Note(op, 0, std::move(why));
    return nullptr;
  };
  if (module_.vector_bits() == 0) return refuse("no lanes were asked for");
  if (op.opcode == Opcode::kFor && !MayBeLanes(id, op))
    return refuse("short, or one iteration may need what another one did");
  const ir::LanePlan& plan = PlanOf(id);
  if (!plan.is_possible()) return refuse(plan.refusal);
  if (!plan.loss.empty()) return refuse(plan.loss);
  if (plan.strided_accesses > 0 && HasBetterLanes(function_.region_of(op, 0)))
    return refuse("lanes are in it");
  if (plan.even_accesses * kCostOfStrided > plan.work)
    return refuse("its elements lie apart, for little work with them");
  return &plan;
}

void FunctionEmitter::EmitParallel(ir::OpId id, const ir::Op& op) {
  EmitOutlined(id, op, ChooseLanes(id, op));
}

// The body as a function of its own, run by the runtime, or of a `for` here.
void FunctionEmitter::EmitOutlined(ir::OpId id, const ir::Op& op, const ir::LanePlan* plan) {
  const ir::RegionId region = function_.region_of(op, 0);
  const size_t depth = op.operands.count / 3;
  std::vector<Range> ranges;
  std::vector<Value*> counts;
  for (size_t k = 0; k < depth; ++k) {
    ranges.push_back(EmitRange(id, op, k));
    counts.push_back(CountOf(ranges.back()));
  }
  Value* total = counts[0];
  for (size_t k = 1; k < depth; ++k) {
    Value* product =
        b_.CreateBinaryIntrinsic(::llvm::Intrinsic::smul_with_overflow, total, counts[k]);
    total = b_.CreateSelect(b_.CreateExtractValue(product, 1), Int64(INT64_MAX),
                            b_.CreateExtractValue(product, 0));
  }

  Captured captured;
  std::vector<bool> inside(function_.values.size());
  std::vector<ir::ValueId> uses;
  CollectUses(region, inside, uses);
  for (ir::ValueId value : uses)
    for (Value* part : code(value)) captured.Add(part);
  for (const Range& range : ranges)
    for (Value* value : {range.from, range.step}) captured.Add(value);
  for (Value* count : counts) captured.Add(count);
  if (depth_ != nullptr) captured.Add(depth_);
  std::vector<::llvm::Type*> types;
  for (Value* value : captured.values) types.push_back(value->getType());
  captured.type = ::llvm::StructType::get(context_, types);

  const auto new_body = [&](const char* suffix) {
    auto* type = ::llvm::FunctionType::get(
        b_.getInt64Ty(), {b_.getPtrTy(), b_.getPtrTy(), b_.getInt64Ty(), b_.getInt64Ty()}, false);
    auto* made = ::llvm::Function::Create(type, ::llvm::Function::InternalLinkage,
                                          target_->getName() + suffix, module_.target());
    made->addFnAttr(::llvm::Attribute::NoUnwind);
    return made;
  };
  const bool is_parallel = op.opcode == Opcode::kParallel;
  ::llvm::Function* body = new_body(is_parallel ? ".parallel" : ".lanes");
  Value* frame = StackSlot(captured.type, "captured");
  for (size_t i = 0; i < captured.values.size(); ++i)
    b_.CreateStore(captured.values[i],
                   b_.CreateStructGEP(captured.type, frame, static_cast<unsigned>(i)));
  Value* failed = nullptr;
  if (is_parallel) {
    ::llvm::FunctionCallee run = module_.Runtime(
        "einkorn_parallel", b_.getInt1Ty(),
        {b_.getPtrTy(), b_.getPtrTy(), b_.getPtrTy(), b_.getInt64Ty(), b_.getInt64Ty()});
    ::llvm::cast<::llvm::Function>(run.getCallee())->addRetAttr(::llvm::Attribute::ZExt);
    failed = b_.CreateCall(run, {state_, body, frame, total, b_.getInt64(WorkOf(region))});
  } else {
    failed = b_.CreateICmpSGE(b_.CreateCall(body, {state_, frame, Int64(0), total}), Int64(0));
  }
  const Site site{.kind = Site::Kind::kPassing, .function = id_, .op = id, .scope = scope_};
  LeaveIf(failed, site, [] { return std::vector<Value*>(); });

  const auto emit = [&](FunctionEmitter& emitter) {
    // Values from around the loop keep their constants and get the copies of the rest.
    for (size_t k = 0; k < depth; ++k) {
      emitter.body_froms_.push_back(ranges[k].from);
      emitter.body_steps_.push_back(ranges[k].step);
      emitter.body_counts_.push_back(counts[k]);
    }
    emitter.depth_ = depth_;
    emitter.may_give_up_ = instead_ != nullptr;
    emitter.is_spare_ = emitter.is_spare_ || is_spare_;
    for (ir::ValueId value : uses) emitter.code(value) = code(value);
    emitter.EmitBody(id, op, uses, captured);
  };
  if (plan == nullptr) {
    FunctionEmitter exact(module_, id_, body);
    return emit(exact);
  }
  ::llvm::Function* exact_body = new_body(".exact");
  LaneEmitter lanes(module_, id_, body, *plan, exact_body);
  Note(op, lanes.width(), plan->tail.empty() ? "" : "then what needs other iterations, one by one");
  emit(lanes);
  if (exact_body->use_empty()) return exact_body->eraseFromParent();
  FunctionEmitter exact(module_, id_, exact_body);
  exact.is_spare_ = true;
  emit(exact);
}

void FunctionEmitter::EmitBody(ir::OpId id, const ir::Op& op, const std::vector<ir::ValueId>& uses,
                               const Captured& captured) {
  is_body_ = true;
  body_op_ = id;
  made_here_.resize(function_.values.size());
  state_ = target_->getArg(0);
  Value* frame = target_->getArg(1);
  Value* begin = target_->getArg(2);
  Value* end = target_->getArg(3);
  std::vector<Value*> copies;
  for (size_t i = 0; i < captured.values.size(); ++i) {
    Value* place = b_.CreateStructGEP(captured.type, frame, static_cast<unsigned>(i));
    ::llvm::LoadInst* copy =
        b_.CreateLoad(captured.values[i]->getType(), place, captured.values[i]->getName());
    copy->setMetadata(::llvm::LLVMContext::MD_invariant_load, ::llvm::MDNode::get(context_, {}));
    copies.push_back(copy);
  }
  const auto take_over = [&](Value*& value) {
    const auto at = captured.places.find(value);
    if (at != captured.places.end()) value = copies[at->second];
  };
  std::vector<bool> done(function_.values.size());
  for (ir::ValueId value : uses) {
    if (done[value.index]) continue;
    done[value.index] = true;
    for (Value*& part : code(value)) take_over(part);
  }
  for (std::vector<Value*>* list : {&body_froms_, &body_steps_, &body_counts_})
    for (Value*& value : *list) take_over(value);
  if (depth_ != nullptr) take_over(depth_);

  if (may_give_up_) {
    // Any iteration will do: no record says what it found.
    instead_ = NewBlock("give_up");
    ::llvm::ReturnInst::Create(context_, Int64(0), instead_);
  }

  const ir::RegionId region = function_.region_of(op, 0);
  OpenPrivateCopies(region, region, b_.CreateSub(end, begin));
  if (most_iterations_ < INT64_MAX) DivideChunk(begin, end);

  // Rows of the last range; the numbers of the others are found once a row.
  Row current;
  const size_t depth = body_counts_.size();
  Value* count = body_counts_.back();
  Block* entry = b_.GetInsertBlock();
  Block* row = NewBlock("row");
  Block* next_row = NewBlock("next_row");
  Block* done_block = NewBlock("done");
  b_.CreateCondBr(b_.CreateICmpSLT(begin, end), row, done_block);
  b_.SetInsertPoint(row);
  ::llvm::PHINode* first = b_.CreatePHI(b_.getInt64Ty(), 2, "first");
  first->addIncoming(begin, entry);
  current.first = first;
  current.numbers.resize(depth);
  Value* rest = first;
  for (size_t k = depth; k-- > 1;) {
    current.numbers[k] = b_.CreateURem(rest, body_counts_[k]);
    rest = b_.CreateUDiv(rest, body_counts_[k]);
  }
  current.numbers[0] = rest;
  Value* from = current.from = current.numbers[depth - 1];
  Value* taken = b_.CreateBinaryIntrinsic(::llvm::Intrinsic::smin, b_.CreateSub(count, from),
                                          b_.CreateSub(end, first));
  current.to = b_.CreateAdd(from, taken, "", true, true);
  b_.CreateAssumption(b_.CreateICmpSLE(current.to, count));
  b_.CreateAssumption(b_.CreateICmpSGE(from, Int64(0)));
  EmitRow(id, op, current);
  b_.CreateBr(next_row);

  b_.SetInsertPoint(next_row);
  Value* after = b_.CreateAdd(first, taken, "", true, true);
  first->addIncoming(after, next_row);
  b_.CreateCondBr(b_.CreateICmpSLT(after, end), row, done_block);
  b_.SetInsertPoint(done_block);
  ClosePrivateCopies();
  b_.CreateRet(Int64(-1));
  FinishBuffer();
  FinishAliasScopes();
}

void FunctionEmitter::EmitRow(ir::OpId id, const ir::Op& op, Row& row) {
  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("iteration");
  Block* done = NewBlock("row_done");
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* number = b_.CreatePHI(b_.getInt64Ty(), 2, "number");
  number->addIncoming(row.from, before);
  row.numbers.back() = number;
  linear_ = b_.CreateAdd(row.first, b_.CreateSub(number, row.from));
  OpenScope(Scope::Kind::kLoop, id, SetVariables(op, row, row.numbers.size()));
  const ir::RegionId region = function_.region_of(op, 0);
  Value* mark = HasHeapArrays(region) ? Mark() : nullptr;
  EmitRegion(region);
  if (mark != nullptr) Release(mark, {}, {});
  CloseScope();
  Value* next = b_.CreateAdd(number, Int64(1), "", true, true);
  number->addIncoming(next, b_.GetInsertBlock());
  b_.CreateCondBr(b_.CreateICmpSLT(next, row.to), loop, done);
  b_.SetInsertPoint(done);
}

std::vector<std::pair<ScalarType, ::llvm::Value*>> FunctionEmitter::SetVariables(const ir::Op& op,
                                                                                 const Row& row,
                                                                                 size_t count) {
  const auto& arguments = function_.region(function_.region_of(op, 0)).arguments;
  std::vector<std::pair<ScalarType, Value*>> variables;
  for (size_t k = 0; k < count; ++k) {
    const ScalarType type = function_.type(arguments[k]).scalar;
    Value* in_type = b_.CreateTrunc(row.numbers[k], llvm_code::RegisterType(context_, type));
    Value* value = b_.CreateAdd(body_froms_[k], b_.CreateMul(in_type, body_steps_[k]));
    Set(arguments[k], value);
    variables.emplace_back(type, value);
  }
  return variables;
}

}  // namespace einkorn::cpu
