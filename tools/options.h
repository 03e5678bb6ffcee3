// What the words of a command line ask for.
#pragma once

#include <string>
#include <vector>

#include "tools/command.h"
#include "tools/kernel_call.h"

namespace einkorn::command {

struct Options {
  std::string verb;
  std::vector<std::string> files;  ///< run and emit: one
  std::vector<std::string> words;  ///< behind the file: a kernel, NAME=VALUE
  std::string target;              ///< empty: not given
  std::string mode = "checked";
  std::string cpu = "native";
  bool no_lanes = false;
  int threads = 0;
  SpecializationWords given;      ///< of --type and --static
  std::vector<std::string> outs;  ///< NAME=FILE
  std::string stage;
  std::string filter;
  bool check = false;
  bool json = false;
  bool time = false;
  bool quiet = false;
};

int Run(const Options& options, const Streams& streams);
int Check(const Options& options, const Streams& streams);
int Test(const Options& options, const Streams& streams);
int Emit(const Options& options, const Streams& streams);
int Explain(const Options& options, const Streams& streams);
int Format(const Options& options, const Streams& streams);
int Devices(const Options& options, const Streams& streams);

}  // namespace einkorn::command
