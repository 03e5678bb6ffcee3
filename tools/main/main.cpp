// The `einkorn` program: the words of its command line, and the terminal.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "tools/command.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  using namespace einkorn::command;
  const int status = RunCommand(std::vector<std::string>(argv + 1, argv + argc),
                                {std::cout, std::cerr, isatty(STDERR_FILENO) != 0});
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "einkorn: standard output cannot be written\n";
    return kSurroundings;
  }
  return status;
}
