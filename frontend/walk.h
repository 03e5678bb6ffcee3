// A walk over the syntax of a block, for questions that need no types.
#pragma once

#include <functional>

#include "frontend/ast.h"

namespace einkorn::frontend {

/// What is called for every node, before those inside it. Either may be empty.
struct SyntaxVisitor {
  std::function<void(const Statement&)> statement;
  std::function<void(const Expr&)> expression;
};

void Walk(const SyntaxTree& tree, BlockId block, const SyntaxVisitor& visitor);
void Walk(const SyntaxTree& tree, ExprId expression, const SyntaxVisitor& visitor);

}  // namespace einkorn::frontend
