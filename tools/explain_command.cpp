// `einkorn explain`: what becomes of each check and each loop of a kernel.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "tools/chosen_kernel.h"

namespace einkorn::command {
namespace {

// Expressions are shown up to so many characters.
constexpr size_t kMostShown = 40;

std::string TextOf(const ir::LoopNote& note) {
  std::string text = note.lanes > 0 ? fmt::format("{} lanes", note.lanes) : "no lanes";
  if (note.threads) text += ", threads";
  if (note.threads_from > 1) text += fmt::format(" from {} iterations on", note.threads_from);
  if (!note.text.empty()) text += (note.lanes > 0 ? ", " : ": ") + note.text;
  return text;
}

std::string TextOf(const ir::CheckNote& note) {
  std::string text(ir::TextOf(note.fate));
  return note.reason.empty() ? text : fmt::format("{} ({})", text, note.reason);
}

using Counts = std::array<size_t, static_cast<size_t>(ir::CheckFate::kBranch) + 1>;

std::string TextOf(const Counts& counts) {
  std::string text;
  for (size_t k = 0; k < counts.size(); ++k)
    if (counts[k] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                          ir::TextOf(static_cast<ir::CheckFate>(k)), counts[k]);
  return text.empty() ? "none" : text;
}

class Explainer {
 public:
  Explainer(const Program& program, const ir::Explanation& explanation)
      : sources_(program.sources()), file_(program.file()), explanation_(explanation) {
    for (const ir::CheckNote& note : explanation.checks)
      ++counts_[note.range.file][static_cast<size_t>(note.fate)];
  }

  void PrintText(const Streams& streams) {
    streams.out << "checks: " << TextOf(counts_[file_]) << "\n";
    for (const auto& [file, counts] : counts_)
      if (file != file_)
        streams.out << "checks in " << sources_.file(file).name() << ": " << TextOf(counts) << "\n";
    // By line and column; what is said of a loop comes first.
    std::map<std::pair<uint32_t, uint32_t>, std::vector<std::string>> lines;
    for (const ir::LoopNote& note : explanation_.loops) {
      if (note.range.file != file_) continue;
      lines[Place(note.range)].push_back("loop: " + TextOf(note));
      if (note.may_race)
        lines[Place(note.range)].push_back(
            "races: not decided; a run with --mode debug looks for them");
    }
    for (const ir::CheckNote& note : explanation_.checks)
      if (note.range.file == file_)
        lines[Place(note.range)].push_back(fmt::format(
            "{} of `{}`: {}", einkorn::TextOf(note.fault), Shown(note.range), TextOf(note)));
    uint32_t shown = 0;
    for (const auto& [place, texts] : lines) {
      if (place.first != shown)
        streams.out << fmt::format("{:4} | {}\n", place.first,
                                   sources_.file(file_).Line(place.first));
      shown = place.first;
      for (const std::string& text : texts) streams.out << "     |   " << text << "\n";
    }
  }

  Json ToJson() const {
    Json loops = Json::array(), checks = Json::array();
    for (const ir::LoopNote& note : explanation_.loops) {
      Json one = JsonOfPlace(note.range);
      one["lanes"] = note.lanes;
      one["threads"] = note.threads;
      one["threads_from"] = note.threads_from;
      one["may_race"] = note.may_race;
      one["note"] = note.text;
      loops.push_back(std::move(one));
    }
    for (const ir::CheckNote& note : explanation_.checks) {
      Json one = JsonOfPlace(note.range);
      one["fault"] = einkorn::TextOf(note.fault);
      one["of"] = sources_.Text(note.range);
      one["fate"] = ir::TextOf(note.fate);
      one["reason"] = note.reason;
      checks.push_back(std::move(one));
    }
    return {{"loops", std::move(loops)}, {"checks", std::move(checks)}};
  }

 private:
  std::pair<uint32_t, uint32_t> Place(const SourceRange& range) const {
    const LineColumn at = sources_.file(range.file).Locate(range.begin);
    return {at.line, at.column};
  }

  Json JsonOfPlace(const SourceRange& range) const {
    const auto [line, column] = Place(range);
    return {{"file", sources_.file(range.file).name()}, {"line", line}, {"column", column}};
  }

  // The first line of an expression.
  std::string Shown(const SourceRange& range) const {
    const std::string_view all = sources_.Text(range);
    const std::string_view line = all.substr(0, all.find('\n'));
    if (line.size() == all.size() && line.size() <= kMostShown) return std::string(line);
    return std::string(line.substr(0, std::min(line.size(), kMostShown))) + "…";
  }

  const SourceSet& sources_;
  const SourceFileId file_;
  const ir::Explanation& explanation_;
  std::map<SourceFileId, Counts> counts_;
};

}  // namespace

int Explain(const Options& options, const Streams& streams) {
  int status = kDone;
  const auto chosen = LoadChosenKernel(options, streams, status);
  if (!chosen) return status;
  if (chosen->compile.target != Target::kCpu)
    return ReportError(UsageError("only the code for the target cpu is explained"), streams);
  Session session;
  auto explanation = session.Explain(*chosen->program, chosen->kernel->name, chosen->specialization,
                                     chosen->compile);
  if (!explanation) return ReportError(explanation.error(), streams);
  Explainer explainer(*chosen->program, *explanation);
  if (options.json)
    streams.out << explainer.ToJson().dump() << "\n";
  else
    explainer.PrintText(streams);
  return kDone;
}

}  // namespace einkorn::command
