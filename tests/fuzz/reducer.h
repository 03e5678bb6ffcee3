// Makes a program smaller while something about it stays true.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace einkorn::fuzz {

/// Deletes statements, items and parameters of `program`, takes blocks out of their statements and
/// puts parts of expressions in their place, as long as `holds` says that the result still shows
/// what is looked for. What is tried may not compile. Ends when nothing helps, or after `most`.
///
/// A smaller program may race where the first did not: judge what comes out.
std::string Reduce(std::string program, const std::function<bool(const std::string&)>& holds,
                   std::chrono::seconds most);

}  // namespace einkorn::fuzz
