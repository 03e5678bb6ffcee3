// Texts that were damaged at random, and the stages that must survive them.
#pragma once

#include <string>
#include <vector>

#include "tests/fuzz/choices.h"

namespace einkorn::fuzz {

/// Programs to be damaged: the samples, the golden files, the library, and some random programs.
std::vector<std::string> ProgramTexts(const std::string& source_folder);
/// The IR of what compiles among them.
std::vector<std::string> ModuleTexts(const std::vector<std::string>& programs);

/// One of `texts` with bytes, words and lines changed, deleted, doubled, moved, or taken from
/// another one.
std::string Mutated(const std::vector<std::string>& texts, Choices& choices);

/// Reads a program with every stage of the front end. Returns what was wrong with that, which is
/// never that the program is wrong: that is a diagnostic.
std::string ProblemWithProgram(const std::string& text);
/// The same of a text as IR: what is read must print to a text that reads back to the same.
std::string ProblemWithModule(const std::string& text);

}  // namespace einkorn::fuzz
