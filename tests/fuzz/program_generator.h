// Random programs as source text: well typed, without races, and bounded in time by construction.
//
// Every program has a kernel `main`. The words come from the language's tables (vocabulary.h). Most
// programs are calm: what may fault gets operands that are small, so that about half of them end
// without a fault; the others take everything as it comes.
#pragma once

#include <string>

namespace einkorn::fuzz {

std::string MakeProgram(uint64_t seed);
/// One kernel about indices, which only the interpreter can be asked to run: its parallel loops,
/// its values and its time are not bounded.
std::string MakeIndexProgram(uint64_t seed);

}  // namespace einkorn::fuzz
