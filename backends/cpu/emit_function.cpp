// The walk over a function, its parameters and results, and scalar operations.
#include <llvm/IR/MDBuilder.h>

#include <cstddef>

#include "backends/cpu/emitter.h"
#include "backends/launch.h"
#include "backends/llvm/scalar_code.h"
#include "base/result.h"

namespace einkorn::cpu {

FunctionEmitter::FunctionEmitter(ModuleEmitter& module, ir::FunctionId id, ::llvm::Function* target)
    : module_(module),
      id_(id),
      function_(module.source().function(id)),
      facts_(module.FactsOf(id)),
      is_on_stack_(ChooseStackArrays(module, id)),
      target_(target),
      context_(target->getContext()),
      b_(context_),
      codes_(function_.values.size()) {
  b_.SetInsertPoint(NewBlock("entry"));
  buffer_ = b_.CreateAlloca(b_.getInt64Ty(), b_.getInt32(1), "buffer");
  // Operands come first: of any operation, or the indices, sizes and exact value of an element.
  next_slot_ = 2 * kMaxRank + 2;
  for (const ir::Op& op : function_.ops) next_slot_ = std::max(next_slot_, op.operands.count);
}

FunctionEmitter::FunctionEmitter(FunctionEmitter& outer)
    : module_(outer.module_),
      id_(outer.id_),
      function_(outer.function_),
      facts_(outer.facts_),
      is_on_stack_(outer.is_on_stack_),
      target_(outer.target_),
      context_(outer.context_),
      b_(context_),
      codes_(outer.codes_),
      state_(outer.state_),
      depth_(outer.depth_),
      scope_(outer.scope_),
      buffer_(outer.buffer_),
      next_slot_(outer.next_slot_),
      is_spare_(outer.is_spare_),
      is_body_(outer.is_body_),
      made_here_(outer.made_here_) {
  b_.SetInsertPoint(outer.b_.GetInsertBlock());
}

FunctionEmitter::Block* FunctionEmitter::NewBlock(const char* name) {
  return Block::Create(context_, name, target_);
}

::llvm::Value* FunctionEmitter::StackSlot(::llvm::Type* type, const char* name) {
  llvm_code::Builder at(&target_->getEntryBlock(), target_->getEntryBlock().begin());
  return at.CreateAlloca(type, nullptr, name);
}

// --- Parameters and results

void FunctionEmitter::EmitCallable() {
  auto argument = target_->arg_begin();
  state_ = &*argument++;
  if (module_.HasDepth()) depth_ = &*argument++;
  std::vector<std::pair<ScalarType, Value*>> values;
  for (const ir::Param& param : function_.params) {
    if (param.is_array()) {
      for (size_t part = 0; part < 1 + 2u * function_.type(param.value).rank; ++part)
        code(param.value).push_back(&*argument++);
      values.emplace_back(ScalarType::kI64, Int64(0));  // not looked at
      continue;
    }
    Set(param.value, &*argument++);
    values.emplace_back(function_.type(param.value).scalar, scalar(param.value));
  }
  OpenScope(Scope::Kind::kFunction, {}, values);
  EmitMemoFind();
  Value* mark = HasHeapArrays(function_.body) ? Mark() : nullptr;
  EmitRegion(function_.body);
  if (mark != nullptr) Release(mark, {}, {});
  EmitMemoKeep();
  Value* result = ::llvm::PoisonValue::get(target_->getReturnType());
  result = b_.CreateInsertValue(result, b_.getFalse(), 0);
  unsigned index = 1;
  for (const Code& value : YieldedOf(function_.body))
    result = b_.CreateInsertValue(result, value[0], index++);
  b_.CreateRet(result);
  FinishBuffer();
  FinishAliasScopes();
}

// Before the body of a function whose results are kept: returns one that is known.
void FunctionEmitter::EmitMemoFind() {
  Value* depth = depth_ != nullptr ? depth_ : b_.getInt32(0);
  if (!function_.is_memo) {
    if (module_.HasMemo() && module_.IsRecursive(id_))
      b_.CreateCall(
          module_.Runtime("einkorn_depth", b_.getVoidTy(), {b_.getPtrTy(), b_.getInt32Ty()}),
          {state_, depth});
    return;
  }
  const uint64_t words = function_.params.size() + function_.results.size();
  memo_ = StackSlot(::llvm::ArrayType::get(b_.getInt64Ty(), words), "memo");
  const auto word = [&](size_t i) {
    return b_.CreateConstInBoundsGEP1_64(b_.getInt64Ty(), memo_, i);
  };
  for (size_t i = 0; i < function_.params.size(); ++i) {
    const ir::ValueId param = function_.params[i].value;
    b_.CreateStore(llvm_code::ToBits(b_, function_.type(param).scalar, scalar(param)), word(i));
  }
  ::llvm::FunctionCallee find =
      module_.Runtime("einkorn_memo_find", b_.getInt1Ty(),
                      {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy(), b_.getInt32Ty()});
  ::llvm::cast<::llvm::Function>(find.getCallee())->addRetAttr(::llvm::Attribute::ZExt);
  Value* is_known = b_.CreateCall(find, {state_, b_.getInt32(id_.index), memo_, depth});
  Block* known = NewBlock("known");
  Block* computed = NewBlock("computed");
  b_.CreateCondBr(is_known, known, computed);
  b_.SetInsertPoint(known);
  Value* result = ::llvm::PoisonValue::get(target_->getReturnType());
  result = b_.CreateInsertValue(result, b_.getFalse(), 0);
  for (size_t i = 0; i < function_.results.size(); ++i) {
    Value* bits = b_.CreateLoad(b_.getInt64Ty(), word(i));
    result =
        b_.CreateInsertValue(result, llvm_code::FromBits(b_, function_.results[i].scalar, bits),
                             static_cast<unsigned>(i) + 1);
  }
  b_.CreateRet(result);
  b_.SetInsertPoint(computed);
}

void FunctionEmitter::EmitMemoKeep() {
  if (!function_.is_memo) return;
  const std::vector<Code> yielded = YieldedOf(function_.body);
  for (size_t i = 0; i < yielded.size(); ++i)
    b_.CreateStore(
        llvm_code::ToBits(b_, function_.results[i].scalar, yielded[i][0]),
        b_.CreateConstInBoundsGEP1_64(b_.getInt64Ty(), memo_, function_.params.size() + i));
  Value* depth = depth_ != nullptr ? depth_ : b_.getInt32(0);
  b_.CreateCall(module_.Runtime("einkorn_memo_keep", b_.getVoidTy(),
                                {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy(), b_.getInt32Ty()}),
                {state_, b_.getInt32(id_.index), memo_, depth});
}

void FunctionEmitter::EmitEntry() {
  state_ = target_->getArg(0);
  Value* arguments = target_->getArg(1);
  Value* results = target_->getArg(2);
  if (module_.HasDepth()) depth_ = b_.getInt32(0);

  const auto field = [&](size_t param, size_t offset) {
    const size_t at = param * sizeof(LaunchArgument) + offset;
    return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), arguments, at);
  };
  const auto load = [&](::llvm::Type* type, Value* address) {
    ::llvm::LoadInst* loaded = b_.CreateLoad(type, address);
    loaded->setMetadata(::llvm::LLVMContext::MD_invariant_load, ::llvm::MDNode::get(context_, {}));
    return loaded;
  };
  std::vector<std::pair<ScalarType, Value*>> values;
  for (size_t i = 0; i < function_.params.size(); ++i) {
    const ir::Param& param = function_.params[i];
    const ScalarType type = function_.type(param.value).scalar;
    if (param.is_array()) {
      values.emplace_back(ScalarType::kI64, Int64(0));  // not looked at
      continue;
    }
    Value* bits = load(b_.getInt64Ty(), field(i, offsetof(LaunchArgument, bits)));
    Set(param.value, llvm_code::FromBits(b_, type, bits));
    scalar(param.value)->setName(param.name);
    values.emplace_back(type, scalar(param.value));
  }
  // The launch has compared all sizes with what the symbols make of them.
  constexpr size_t kArray = offsetof(LaunchArgument, array);
  for (size_t i = 0; i < function_.params.size(); ++i) {
    const ir::Param& param = function_.params[i];
    if (!param.is_array()) continue;
    const ScalarType type = function_.type(param.value).scalar;
    Code array = {load(b_.getPtrTy(), field(i, kArray + offsetof(ArrayBinding, data)))};
    array[0]->setName(param.name);
    for (const ir::ShapeExpr& size : param.shape) array.push_back(ShapeValue(size));
    for (size_t d = 0; d < param.shape.size(); ++d) {
      if (param.layout == ir::Layout::kStrided)
        array.push_back(load(b_.getInt64Ty(), field(i, kArray + offsetof(ArrayBinding, strides) +
                                                           d * sizeof(int64_t))));
      else
        array.push_back(nullptr);
    }
    if (param.layout == ir::Layout::kContiguous) {
      Value* stride = Int64(BytesOf(type));
      for (size_t d = param.shape.size(); d-- > 0;) {
        array[1 + param.shape.size() + d] = stride;
        stride = b_.CreateMul(stride, array[1 + d]);
      }
    }
    code(param.value) = array;
  }
  OpenScope(Scope::Kind::kFunction, {}, values);
  EmitRegion(function_.body);
  size_t index = 0;
  for (const Code& value : YieldedOf(function_.body)) {
    const ScalarType type = function_.results[index].scalar;
    b_.CreateStore(llvm_code::ToBits(b_, type, value[0]),
                   b_.CreateConstInBoundsGEP1_64(b_.getInt64Ty(), results, index));
    ++index;
  }
  b_.CreateRet(b_.getFalse());
  FinishBuffer();
  FinishAliasScopes();
}

::llvm::Value* FunctionEmitter::ShapeValue(const ir::ShapeExpr& shape) {
  Value* sum = nullptr;
  for (const ir::ShapeTerm& term : shape.terms) {
    Value* product = nullptr;
    for (uint32_t symbol : term.symbols) {
      Value* value = scalar(function_.params[symbol].value);
      product = product == nullptr ? value : b_.CreateNSWMul(product, value);
    }
    if (product == nullptr)
      product = Int64(term.coefficient);
    else if (term.coefficient != 1)
      product = b_.CreateNSWMul(product, Int64(term.coefficient));
    sum = sum == nullptr ? product : b_.CreateNSWAdd(sum, product);
  }
  return sum == nullptr ? Int64(0) : sum;
}

// --- The walk

void FunctionEmitter::EmitRegion(ir::RegionId id) {
  const auto& ops = function_.region(id).ops;
  for (size_t i = 0; i + 1 < ops.size(); ++i) EmitOp(ops[i]);
}

std::vector<Code> FunctionEmitter::YieldedOf(ir::RegionId id) {
  std::vector<Code> yielded;
  for (ir::ValueId value : function_.operands(function_.terminator(id)))
    yielded.push_back(code(value));
  return yielded;
}

void FunctionEmitter::EmitOp(ir::OpId id) {
  const ir::Op& op = function_.op(id);
  switch (op.opcode) {
    case Opcode::kConstant: {
      const ir::ValueId result = function_.result(op);
      Set(result, llvm_code::ConstantOf(context_, function_.type(result).scalar, op.immediate));
      return;
    }
    case Opcode::kArray:
      return EmitArray(id, op);
    case Opcode::kView:
      return EmitView(id, op);
    case Opcode::kLoad:
      return EmitLoad(id, op);
    case Opcode::kStore:
      return EmitStore(id, op);
    case Opcode::kAtomic:
      return EmitAtomic(id, op);
    case Opcode::kSettle:
      return EmitSettle(id, op);
    case Opcode::kArrayEqual:
      return EmitArrayEqual(id, op);
    case Opcode::kIf:
      return EmitIf(op);
    case Opcode::kFor:
      return EmitFor(id, op);
    case Opcode::kWhile:
      return EmitWhile(op);
    case Opcode::kParallel:
      return EmitParallel(id, op);
    case Opcode::kFrame:
      return EmitFrame(id, op);
    case Opcode::kAttempt:
      return EmitAttempt(op);
    case Opcode::kLanes:
      return EmitLanes(id, op);
    case Opcode::kCall:
      return EmitCall(id, op);
    case Opcode::kFail:
      return EmitFail(id, op);
    case Opcode::kPrint:
      return EmitPrint(id, op);
    case Opcode::kReduce:
    case Opcode::kLaunch:
    case Opcode::kExpectError:
    case Opcode::kYield:
      FailInternalCheck(__FILE__, __LINE__,
                        "the CPU has no code for " + std::string(TextOf(op.opcode)));
    default:
      return EmitScalarOp(id, op);
  }
}

std::vector<::llvm::Value*> FunctionEmitter::OperandBits(const ir::Op& op, size_t first,
                                                         size_t count) {
  std::vector<Value*> bits;
  for (size_t i = first; i < first + count; ++i)
    bits.push_back(llvm_code::ToBits(b_, operand_type(op, i), operand(op, i)));
  return bits;
}

void FunctionEmitter::EmitScalarOp(ir::OpId id, const ir::Op& op) {
  std::vector<ScalarType> types;
  std::vector<Value*> operands;
  for (ir::ValueId value : function_.operands(op)) {
    types.push_back(function_.type(value).scalar);
    operands.push_back(scalar(value));
  }
  const ir::ValueId result = function_.result(op);
  const auto fail_if = [&](FaultKind kind, Value* condition) {
    LeaveIf(condition, FaultSite(id, kind, op.operands.count),
            [&] { return OperandBits(op, 0, op.operands.count); });
  };
  Set(result,
      llvm_code::EmitScalar(
          b_, {op.opcode, op.rule, op.checks, types, operands, function_.type(result).scalar},
          fail_if));
}

}  // namespace einkorn::cpu
