#include "tools/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <new>

#include "base/result.h"
#include "base/spelling.h"
#include "tools/options.h"

namespace einkorn::command {
namespace {

struct Verb {
  std::string_view name;
  std::string_view description;
  int (*run)(const Options&, const Streams&);
};
constexpr std::array<Verb, 7> kVerbs = {{
    {"run", "runs a kernel: run FILE [KERNEL] [NAME=VALUE ...]", Run},
    {"check", "checks files: check FILE...", Check},
    {"test", "runs the test blocks of files: test FILE...", Test},
    {"emit", "shows a stage of compilation: emit FILE [KERNEL] --stage STAGE", Emit},
    {"explain", "says how a kernel is checked and run: explain FILE [KERNEL]", Explain},
    {"format", "lays out files: format [--check] FILE...", Format},
    {"devices", "shows what kernels can run on", Devices},
}};

// What a later version will have is refused by its name, never replaced by something else.
constexpr std::array<std::string_view, 4> kPlannedVerbs = {"diff", "bench", "debug", "cache"};
struct PlannedOption {
  std::string_view name;
  std::string_view what;
};
constexpr std::array<PlannedOption, 5> kPlannedOptions = {
    {{"--deadline", "deadlines"},
     {"--on-error", "restoring arrays after an error"},
     {"--no-cache", "a cache on disk"},
     {"--html", "pages of HTML"},
     {"--watch", "watching values"}}};

int Refuse(const Streams& streams, const std::string& message) {
  streams.err << "einkorn: " << message << "\n";
  return kWrongUsage;
}

void AddOptions(CLI::App& app, const Verb& verb, Options& options) {
  const bool is_run = verb.name == "run", is_emit = verb.name == "emit",
             is_explain = verb.name == "explain", is_test = verb.name == "test",
             is_format = verb.name == "format";
  if (is_run || is_emit || is_explain) {
    app.add_option(
           "FILE", options.words,
           is_run
               ? "the program, then its kernel if it has several, and NAME=VALUE for the parameters"
               : "the program, then its kernel if it has several")
        ->required();
    app.add_option("--type", options.given.types,
                   "T=f32: the type of a type parameter; may be repeated")
        ->allow_extra_args(false);
    app.add_option("--static", options.given.statics,
                   "NAME=VALUE: the value of a static parameter; may be repeated")
        ->allow_extra_args(false);
  } else if (verb.name != "devices") {
    app.add_option("FILE", options.files,
                   is_format ? "the programs; - is standard input" : "the programs")
        ->required();
  }
  if (is_run || is_emit || is_explain || is_test) {
    app.add_option("--target", options.target, "interpreter or cpu (the default)");
    app.add_option("--mode", options.mode, "checked (the default), debug or unchecked");
    app.add_option("--cpu", options.cpu, "native (the default), x86-64-v3 or x86-64-v4");
    app.add_flag("--no-lanes", options.no_lanes,
                 "one iteration at a time, not several side by side in vectors");
  }
  if (is_run || is_test)
    app.add_option("--threads", options.threads,
                   "how many threads; the default is one for each processor")
        ->check(CLI::Range(1, 1024));
  if (is_run) {
    app.add_option(
           "--out", options.outs,
           "NAME=FILE: writes an array to a .npy, .png or .pgm file; return=FILE the result")
        ->allow_extra_args(false);
    app.add_flag("--time", options.time, "says how long compiling and running took");
  }
  if (is_emit)
    app.add_option("--stage", options.stage, "tokens, ast, ir, optimized, llvm or asm")->required();
  if (is_test)
    app.add_option("--filter", options.filter,
                   "only tests whose name matches this regular expression");
  if (is_format)
    app.add_flag("--check", options.check, "writes nothing; names the files that would change");
  else if (!is_emit)
    app.add_flag("--json", options.json, "results and messages as JSON");
  app.add_flag("--quiet", options.quiet,
               is_test     ? "only failures and the summary"
               : is_format ? "no names of files"
                           : "no warnings");
}

// The option that `argument` is or begins with, as `--threads=2`.
std::string_view OptionName(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

std::optional<std::string> RefusedByName(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments)
    for (const PlannedOption& option : kPlannedOptions)
      if (OptionName(argument) == option.name)
        return fmt::format("{}: {} are not built yet", option.name, option.what);
  return std::nullopt;
}

// CLI11's words for an error, with a near spelling for an unknown option.
std::string ParseErrorText(std::string_view verb, const CLI::App& app, const CLI::ParseError& error,
                           const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    std::vector<std::string> known_texts;
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames()) known_texts.push_back("--" + name);
    const std::vector<std::string_view> known(known_texts.begin(), known_texts.end());
    for (const std::string& argument : arguments) {
      const std::string_view name = OptionName(argument);
      if (!name.starts_with("-") || std::ranges::find(known, name) != known.end()) continue;
      if (const auto near = NearestSpelling(name, known))
        return fmt::format("{} has no option {}; did you mean {}?", verb, name, *near);
      return fmt::format("{} has no option {}; see einkorn {} --help", verb, name, verb);
    }
  }
  // CLI11 says `--cpu: 1 required TEXT missing`.
  const std::string text = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch) &&
      text.ends_with("missing"))
    return fmt::format("{} needs a value", text.substr(0, text.find(':')));
  return text;
}

int Dispatch(const std::vector<std::string>& arguments, const Streams& streams) {
  const std::string usage = [] {
    std::string text = "einkorn VERB [OPTIONS]\n";
    for (const Verb& verb : kVerbs)
      text += fmt::format("  {:<9} {}\n", verb.name, verb.description);
    return text + "einkorn VERB --help shows the options of a verb\n";
  }();
  if (arguments.empty()) {
    streams.err << usage;
    return kWrongUsage;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    streams.out << usage;
    return kDone;
  }
  if (name == "--version") {
    streams.out << "einkorn " EINKORN_VERSION "\n";
    return kDone;
  }
  const auto verb = std::ranges::find(kVerbs, name, &Verb::name);
  if (verb == kVerbs.end()) {
    if (std::ranges::find(kPlannedVerbs, name) != kPlannedVerbs.end())
      return Refuse(streams, fmt::format("{} is not built yet", name));
    std::vector<std::string_view> names;
    for (const Verb& known : kVerbs) names.push_back(known.name);
    const auto near = NearestSpelling(name, names);
    return Refuse(streams, fmt::format("there is no verb {}{}; see einkorn --help", name,
                                       near ? fmt::format(", did you mean {}?", *near) : ""));
  }
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (const auto refused = RefusedByName(rest)) return Refuse(streams, *refused);

  Options options;
  options.verb = name;
  CLI::App app(std::string(verb->description), "einkorn " + name);
  AddOptions(app, *verb, options);
  try {
    // CLI11 takes them in reverse order.
    app.parse(std::vector<std::string>(rest.rbegin(), rest.rend()));
  } catch (const CLI::CallForHelp&) {
    streams.out << app.help();
    return kDone;
  } catch (const CLI::ParseError& error) {
    return Refuse(streams, ParseErrorText(name, app, error, rest));
  }
  // Of `run` and `emit` the first word is the file.
  if (options.files.empty() && !options.words.empty()) {
    options.files.push_back(options.words.front());
    options.words.erase(options.words.begin());
  }
  return verb->run(options, streams);
}

}  // namespace

int RunCommand(const std::vector<std::string>& arguments, const Streams& streams) {
  try {
    return Dispatch(arguments, streams);
  } catch (const InternalError& error) {
    streams.err
        << "einkorn: this is a mistake of Einkorn itself, please report it with the program:\n"
        << error.what() << "\n";
    return kOurMistake;
  } catch (const std::bad_alloc&) {
    streams.err << "einkorn: no memory is left\n";
    return kSurroundings;
  } catch (const std::exception& error) {
    streams.err
        << "einkorn: this is a mistake of Einkorn itself, please report it with the program:\n"
        << error.what() << "\n";
    return kOurMistake;
  }
}

}  // namespace einkorn::command
