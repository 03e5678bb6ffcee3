// Leaves out what nothing depends on: operations without effect whose results are unused, and the
// slots of `if`, `for`, `while` and `frame` that only feed themselves.
//
// What may fault, write or not end is kept whatever its results are; everything else lives through
// its uses. The tables are made anew, so what earlier passes left behind in them goes too.
#pragma once

#include "ir/module.h"

namespace einkorn::ir {

void DropDeadCode(Function& function);

}  // namespace einkorn::ir
