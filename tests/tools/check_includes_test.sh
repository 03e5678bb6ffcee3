#!/usr/bin/env bash
# tools/check_includes must find each kind of forbidden include, and nothing else.
set -euo pipefail
script="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_includes"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{base,ir,frontend,runtime,tools,backends/{interpreter,llvm,cpu}}

# expect good|bad FILE INCLUDE
expect() {
  echo "#include $3" >"$root/$2"
  local result=good
  "$script" "$root" >/dev/null || result=bad
  rm "$root/$2"
  [[ $result == "$1" ]] || { echo "$2 with $3: expected $1, found $result"; exit 1; }
}

expect good ir/a.h '"base/source.h"'
expect good ir/a.h '"ir/ops.h"'
expect good frontend/a.cpp '"ir/module.h"'
expect good backends/cpu/a.cpp '"backends/llvm/emit.h"'
expect good backends/cpu/a.cpp '"backends/launch.h"'
expect good backends/llvm/a.cpp '<llvm/IR/IRBuilder.h>'
expect good tools/a.cpp '"frontend/frontend.h"'
expect good runtime/a.cpp '<vector>'
expect bad base/a.h '"ir/types.h"'
expect bad ir/a.cpp '"frontend/ast.h"'
expect bad frontend/a.cpp '"backends/launch.h"'
expect bad backends/cpu/a.cpp '"frontend/frontend.h"'
expect bad backends/cpu/a.cpp '"backends/interpreter/interpreter.h"'
expect bad backends/interpreter/a.cpp '"backends/llvm/emit.h"'
expect bad runtime/a.cpp '"tools/command.h"'
expect bad runtime/a.cpp '<llvm/IR/Module.h>'
expect bad tools/a.cpp '"command.h"'
