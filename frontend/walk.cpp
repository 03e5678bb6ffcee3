#include "frontend/walk.h"

namespace einkorn::frontend {
namespace {

void WalkRanges(const SyntaxTree& tree, const std::vector<RangeClause>& ranges,
                const SyntaxVisitor& visitor) {
  for (const RangeClause& range : ranges)
    for (ExprId bound : {range.from, range.to, range.step}) Walk(tree, bound, visitor);
}

}  // namespace

void Walk(const SyntaxTree& tree, ExprId id, const SyntaxVisitor& visitor) {
  if (!id.valid()) return;
  const Expr& e = tree.expr(id);
  if (visitor.expression) visitor.expression(e);
  Walk(tree, e.a, visitor);
  Walk(tree, e.b, visitor);
  for (ExprId item : e.list) Walk(tree, item, visitor);
  for (BlockId block : {e.block, e.other}) Walk(tree, block, visitor);
  WalkRanges(tree, e.ranges, visitor);
}

void Walk(const SyntaxTree& tree, BlockId id, const SyntaxVisitor& visitor) {
  if (!id.valid()) return;
  const Block& block = tree.block(id);
  for (StatementId statement : block.statements) {
    const Statement& s = tree.statement(statement);
    if (visitor.statement) visitor.statement(s);
    Walk(tree, s.a, visitor);
    Walk(tree, s.b, visitor);
    for (ExprId value : s.format.values) Walk(tree, value, visitor);
    WalkRanges(tree, s.ranges, visitor);
    for (BlockId inner : {s.block, s.other}) Walk(tree, inner, visitor);
  }
  Walk(tree, block.value, visitor);
}

}  // namespace einkorn::frontend
