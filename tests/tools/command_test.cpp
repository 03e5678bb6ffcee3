// The command as a user meets it: results, exit statuses, and what is said of bad input of every
// kind.
#include "tools/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/tools/temporary_folder.h"

namespace einkorn::command {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kProgram = R"(
kernel saxpy(a: f32, x: [n] f32, y: inout [n] f32) { parallel for i in 0..n { y[i] += a * x[i]; } }
kernel bytes(a: u8, b: i32) -> i64 { return a as i64 + b; }
kernel image(x: [h, w] u8, y: out [h, w] u8) { parallel for i in 0..h, j in 0..w { y[i, j] = x[i, j]; } }
kernel made(y: out [h, w] f32) { parallel for i in 0..h, j in 0..w { y[i, j] = (10 * i + j) as f32; } }
kernel total<T: real>(x: [n] T) -> T { return sum(x[i] for i in 0..n); }
kernel divides(a: i64, b: i64) -> i64 { return a / b; }
struct Particle { pos: [3] f32, on: bool, spin: c128 }
kernel spun(ps: inout [n] Particle, by: c128) -> Particle {
    parallel for i in 0..n { ps[i].spin = ps[i].spin * by; }
    return ps[n - 1];
}
kernel summed<T: number>(x: [n] T) -> T { return sum(x[i] for i in 0..n); }
)";

struct Ran {
  int status = 0;
  std::string out, err;
};

class CommandTest : public testing::Test {
 protected:
  Ran Run(std::vector<std::string> arguments) const {
    std::ostringstream out, err;
    Ran ran;
    ran.status = RunCommand(arguments, {out, err});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }
  // `run` of the program, on the interpreter.
  Ran RunProgram(std::vector<std::string> words) const {
    words.insert(words.begin(), {"run", program_, "--target", "interpreter"});
    return Run(words);
  }
  void ExpectRefused(const Ran& ran, int status, const std::string& what) const {
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr(what));
  }

  TemporaryFolder folder_;
  std::string program_ = folder_.Write("program.ek", kProgram);
};

// --- Results

TEST_F(CommandTest, PrintsScalarsAndArrays) {
  EXPECT_EQ(RunProgram({"bytes", "a=255", "b=-5"}).out, "250\n");
  EXPECT_EQ(RunProgram({"saxpy", "a=2", "x=[10,20]", "y=[1,2]"}).out, "y:\n[21. 42.]\n");
  EXPECT_EQ(RunProgram({"made", "h=2", "w=3"}).out, "y:\n[[ 0.  1.  2.]\n [10. 11. 12.]]\n");
  EXPECT_EQ(RunProgram({"total", "--type", "T=i16", "x=[1,2,3]"}).out, "6\n");
}

TEST_F(CommandTest, PrintsJson) {
  const auto json =
      nlohmann::json::parse(RunProgram({"saxpy", "a=2", "x=[10,20]", "y=[1,2]", "--json"}).out);
  EXPECT_TRUE(json["result"].is_null());
  EXPECT_EQ(json["arrays"]["y"], (nlohmann::json{21.0, 42.0}));
  EXPECT_TRUE(json["seconds"].is_number());
  const Ran failed = RunProgram({"divides", "a=1", "b=0", "--json"});
  EXPECT_EQ(failed.status, kFaulted);
  const auto fault = nlohmann::json::parse(failed.out)["fault"];
  EXPECT_EQ(fault["kind"], "division");
  EXPECT_EQ(fault["message"], "1 / 0");
  EXPECT_EQ(fault["stack"][0]["arguments"]["b"], "0");
}

TEST_F(CommandTest, WritesFilesAndReadsThemBack) {
  const std::string file = folder_.path("y.npy");
  const Ran written = RunProgram({"made", "h=3", "w=4", "--out", "y=" + file});
  EXPECT_EQ(written.status, kDone) << written.err;
  EXPECT_EQ(written.out, "");
  EXPECT_EQ(folder_.count(), 2u);
  const std::string flat =
      folder_.Write("flat.ek", "kernel total(x: [h, w] f32) -> f32 { return sum(x); }");
  EXPECT_EQ(Run({"run", flat, "x=" + file, "--target", "interpreter"}).out, "138.0\n");
}

TEST_F(CommandTest, WritesTheResult) {
  const std::string file = folder_.path("r.npy");
  EXPECT_EQ(RunProgram({"bytes", "a=1", "b=2", "--out", "return=" + file}).status, kDone);
  EXPECT_THAT(folder_.Read("r.npy"), HasSubstr("'shape': ()"));
}

TEST_F(CommandTest, ChecksFilesAsData) {
  const std::string wrong = folder_.Write("wrong.ek", "kernel k() { let a = b; }\n");
  const Ran ran = Run({"check", wrong, program_, "--json"});
  EXPECT_EQ(ran.status, kWrongProgram);
  const auto list = nlohmann::json::parse(ran.out);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["code"], "unknown_name");
  EXPECT_EQ(list[0]["place"]["line"], 1);
  EXPECT_EQ(list[0]["place"]["column"], 22);
  EXPECT_EQ(Run({"check", program_}).status, kDone);
}

TEST_F(CommandTest, EmitsEveryStage) {
  for (const char* stage : {"tokens", "ast"})
    EXPECT_THAT(Run({"emit", program_, "--stage", stage}).out, HasSubstr("saxpy"));
  for (const char* stage : {"ir", "optimized"})
    EXPECT_THAT(Run({"emit", program_, "saxpy", "--stage", stage}).out,
                HasSubstr("entry kernel @saxpy"));
#ifdef EINKORN_WITH_LLVM
  EXPECT_THAT(Run({"emit", program_, "saxpy", "--stage", "llvm"}).out, HasSubstr("@einkorn_entry"));
  EXPECT_THAT(Run({"emit", program_, "saxpy", "--stage", "asm"}).out, HasSubstr("einkorn_entry:"));
#endif
  ExpectRefused(Run({"emit", program_, "saxpy", "--stage", "ptx"}), kWrongUsage,
                "the stage ptx is not built yet");
  ExpectRefused(Run({"emit", program_, "saxpy", "--stage", "magic"}), kWrongUsage,
                "no stage is named magic");
}

// --- Sources

TEST_F(CommandTest, RefusesUnreadableSources) {
  ExpectRefused(Run({"run", folder_.path("missing.ek")}), kSurroundings, "No such file");
  ExpectRefused(Run({"check", folder_.path("")}), kSurroundings, "is a directory");
  ExpectRefused(Run({"check", folder_.Write("zero.ek", std::string("kernel\0", 7))}), kSurroundings,
                "not a text file");
  ExpectRefused(Run({"check", folder_.Write("large.ek", std::string(17 << 20, ' '))}),
                kSurroundings, "larger than 16 MiB");
  ExpectRefused(Run({"run", folder_.Write("empty.ek", "")}), kWrongUsage, "the file has no kernel");
  ExpectRefused(Run({"check", folder_.Write("latin.ek", "// caf\xe9\n")}), kWrongProgram,
                "error[invalid_utf8]");
}

TEST_F(CommandTest, EndsOnRandomBytes) {
  std::mt19937_64 engine(1);
  for (int k = 0; k < 200; ++k) {
    std::string bytes(static_cast<size_t>(engine() % 400), ' ');
    for (char& byte : bytes) byte = static_cast<char>(1 + engine() % 255);
    const Ran ran = Run({"check", folder_.Write("random.ek", bytes), "--json"});
    EXPECT_LE(ran.status, kSurroundings) << ran.err;
    EXPECT_TRUE(nlohmann::json::accept(ran.out));
  }
}

// --- Names and values

TEST_F(CommandTest, RefusesWrongNames) {
  ExpectRefused(RunProgram({"saxpi"}), kWrongUsage, "did you mean saxpy?");
  ExpectRefused(RunProgram({}), kWrongUsage, "the file has several kernels");
  ExpectRefused(RunProgram({"bytes", "a=1", "b=1", "c=1"}), kWrongUsage, "has no parameter c");
  ExpectRefused(RunProgram({"bytes", "a=1"}), kWrongUsage, "argument b of type i32 is missing");
  ExpectRefused(RunProgram({"bytes", "a=1", "b=1", "a=1"}), kWrongUsage,
                "argument a is given twice");
  ExpectRefused(RunProgram({"made", "y=zeros(2,3)"}), kWrongUsage, "takes no value");
  ExpectRefused(RunProgram({"made", "h=2"}), kWrongUsage, "the size w of the array y");
}

TEST_F(CommandTest, RefusesValuesThatDoNotFit) {
  ExpectRefused(RunProgram({"bytes", "a=300", "b=1"}), kWrongUsage,
                "argument a: 300 does not fit u8");
  ExpectRefused(RunProgram({"bytes", "a=3", "b=1099511627776"}), kWrongUsage,
                "argument b: 1099511627776 does not fit i32");
  ExpectRefused(RunProgram({"bytes", "a=x", "b=1"}), kWrongUsage, "`x` is not a number of type u8");
  ExpectRefused(RunProgram({"saxpy", "a=1", "x=[[1],[2]]", "y=[1,2]"}), kWrongUsage,
                "argument x: expected an array of 1 dimension");
  ExpectRefused(RunProgram({"saxpy", "a=1", "x=[1,", "y=[1,2]"}), kWrongUsage, "argument x:");
  ExpectRefused(RunProgram({"total", "x=[1,2]"}), kWrongUsage, "write --type T=f32");
  ExpectRefused(RunProgram({"total", "x=[1,2]", "--type", "T=bool"}), kWrongUsage,
                "not in the class real");
  ExpectRefused(RunProgram({"total", "x=[1,2]", "--type", "U=f32"}), kWrongUsage,
                "no type parameter U");
}

TEST_F(CommandTest, RefusesFilesOfOtherTypes) {
  ASSERT_EQ(RunProgram({"made", "h=3", "w=4", "--out", "y=" + folder_.path("f32.npy")}).status,
            kDone);
  ExpectRefused(
      RunProgram({"image", "x=" + folder_.path("f32.npy")}), kWrongUsage,
      "argument x: expected an array of 2 dimensions of u8, found an array of 2 dimensions of f32");
  ExpectRefused(RunProgram({"image", "x=" + folder_.path("none.npy")}), kSurroundings,
                "argument x: cannot read");
  ExpectRefused(RunProgram({"image", "x=" + folder_.Write("bad.npy", "not NumPy's")}),
                kSurroundings, "argument x:");
  ExpectRefused(RunProgram({"image", "x=" + folder_.Write("bad.png", "not a picture")}),
                kSurroundings, "argument x:");
}

TEST_F(CommandTest, UsesColumnMajorFilesWhereTheyLie) {
  const std::string dictionary =
      "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }" + std::string(59, ' ') + "\n";
  const std::string file =
      folder_.Write("f.npy", std::string("\x93NUMPY\1\0\x76\0", 10) + dictionary + "\1\2\3\4\5\6");
  EXPECT_EQ(RunProgram({"image", "x=" + file}).out, "y:\n[[1 3 5]\n [2 4 6]]\n");
  EXPECT_EQ(RunProgram({"total", "x=" + file}).status, kWrongUsage);
}

TEST_F(CommandTest, TakesTypesFromFiles) {
  const std::string file = folder_.path("y.npy");
  ASSERT_EQ(RunProgram({"saxpy", "a=1", "x=[1,2]", "y=[3,4]", "--out", "y=" + file}).status, kDone);
  EXPECT_EQ(RunProgram({"total", "x=" + file}).out, "10.0\n");
  ExpectRefused(RunProgram({"total", "x=" + file, "--type", "T=f64"}), kWrongUsage,
                "argument x: expected an array of 1 dimension of f64");
}

// --- Structs and complex numbers

TEST_F(CommandTest, TakesAndWritesStructs) {
  const std::string first = folder_.path("first.npy"), last = folder_.path("last.npy");
  const std::string ps = "ps=full({pos: [1, 2, 3], on: true, spin: 1i}; 2)";
  ASSERT_EQ(RunProgram({"spun", ps, "by=2", "--out", "ps=" + first, "--out", "return=" + last}).err,
            "");
  EXPECT_THAT(folder_.Read("first.npy"),
              HasSubstr("[('pos', '<f4', (3,)), ('on', '|b1'), ('', '|V3'), ('spin', '<c16')]"));
  EXPECT_THAT(folder_.Read("last.npy"), HasSubstr("'shape': ()"));
  EXPECT_EQ(RunProgram({"spun", "ps=" + first, "by=1i"}).out,
            "ps:\n[Particle { pos: [1.0, 2.0, 3.0], on: true, spin: complex(-2.0, 0.0) }\n"
            " Particle { pos: [1.0, 2.0, 3.0], on: true, spin: complex(-2.0, 0.0) }]\n"
            "Particle { pos: [1.0, 2.0, 3.0], on: true, spin: complex(-2.0, 0.0) }\n");
  const auto json =
      nlohmann::json::parse(RunProgram({"spun", "ps=" + first, "by=1i", "--json"}).out);
  EXPECT_EQ(json["result"], (nlohmann::json{{"pos", {1.0, 2.0, 3.0}},
                                            {"on", true},
                                            {"spin", nlohmann::json::array({-2.0, 0.0})}}));
  EXPECT_EQ(json["arrays"]["ps"][0], json["result"]);
  ExpectRefused(RunProgram({"spun", ps, "by=2", "--out", "ps=" + folder_.path("a.png")}),
                kWrongUsage,
                "a PNG holds [h, w] u8 or [h, w, 3] u8 with at least one pixel, not "
                "[2] Particle; write a .npy instead");
}

TEST_F(CommandTest, RefusesFilesOfOtherStructs) {
  const std::string dictionary =
      "{'descr': [('pos', '<f4', (3,)), ('on', '|b1')], 'fortran_order': False, 'shape': (0,), }";
  const std::string file = folder_.Write("f.npy", std::string("\x93NUMPY\1\0", 8) +
                                                      static_cast<char>(dictionary.size()) +
                                                      std::string(1, '\0') + dictionary);
  ExpectRefused(RunProgram({"spun", "ps=" + file, "by=1"}), kWrongUsage,
                "argument ps: the elements are { pos: [3] f32, on: bool }, but a Particle is "
                "{ pos: [3] f32, on: bool, spin: c128 }");
  ExpectRefused(RunProgram({"summed", "x=" + file}), kWrongUsage,
                "type { pos: [3] f32, on: bool } is not in the class number of T");
}

TEST_F(CommandTest, TakesComplexTypesFromFilesAndOptions) {
  const std::string ek = folder_.Write("made.ek",
                                       "kernel made(z: out [n] c64) { for i in 0..n { z[i] = "
                                       "complex(i as f32, 1.0); } }");
  const std::string file = folder_.path("z.npy");
  ASSERT_EQ(Run({"run", ek, "n=3", "--out", "z=" + file, "--target", "interpreter"}).err, "");
  EXPECT_EQ(RunProgram({"summed", "x=" + file}).out, "complex(3.0, 3.0)\n");
  EXPECT_EQ(RunProgram({"summed", "--type", "T=c128", "x=[1+1e-3i]"}).out, "complex(1.0, 0.001)\n");
  EXPECT_THAT(Run({"emit", program_, "summed", "--type", "T=c64", "--stage", "ir"}).out,
              HasSubstr("summed<c64>"));
}

// --- Outputs

TEST_F(CommandTest, RefusesOutputsBeforeAnythingRuns) {
  const auto refused = [&](const std::string& out, int status, const std::string& what) {
    ExpectRefused(RunProgram({"made", "h=2", "w=3", "--out", out}), status, what);
  };
  refused("y=" + folder_.path("none/y.npy"), kSurroundings, "cannot write");
  refused("z=" + folder_.path("z.npy"), kWrongUsage, "writes no array z");
  refused("y=" + folder_.path("y.txt"), kWrongUsage, ".npy, .png or .pgm");
  refused("y=" + folder_.path("y.png"), kWrongUsage, "a PNG holds");
  refused("y", kWrongUsage, "write NAME=FILE");
  refused("y=/dev/full", kWrongUsage, ".npy, .png or .pgm");
  std::filesystem::create_directory(folder_.path("d.npy"));
  refused("y=" + folder_.path("d.npy"), kSurroundings, "cannot write");
  EXPECT_EQ(folder_.count(), 2u);
}

TEST_F(CommandTest, RefusesTwoArraysForOneFile) {
  const std::string both =
      folder_.Write("both.ek", "kernel k(x: out [n] u8, y: out [n] u8) { x[0] = 1; y[0] = 2; }");
  ExpectRefused(Run({"run", both, "n=1", "--target", "interpreter", "--out",
                     "x=" + folder_.path("a.npy"), "--out", "y=" + folder_.path("./a.npy")}),
                kWrongUsage, "two arrays go to");
  EXPECT_EQ(folder_.count(), 2u);
}

TEST_F(CommandTest, KeepsWhatFilesHeldIfTheyCannotBeWritten) {
  // A link to a device that is always full stands in for a full disk.
  std::filesystem::create_symlink("/dev/full", folder_.path("full.npy"));
  ExpectRefused(RunProgram({"made", "h=1", "w=1", "--out", "y=" + folder_.path("full.npy")}),
                kSurroundings, "it is not a file");
  if (geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  const std::string kept = folder_.Write("kept.npy", "as it was");
  std::filesystem::permissions(
      folder_.path(""), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  ExpectRefused(RunProgram({"made", "h=1", "w=1", "--out", "y=" + kept}), kSurroundings,
                "Permission denied");
  EXPECT_EQ(folder_.Read("kept.npy"), "as it was");
  std::filesystem::permissions(folder_.path(""), std::filesystem::perms::owner_all);
}

TEST_F(CommandTest, ReportsFaultsOfSizes) {
  const Ran ran = RunProgram({"saxpy", "a=1", "x=[1,2]", "y=[1,2,3]"});
  EXPECT_EQ(ran.status, kFaulted);
  EXPECT_THAT(ran.err, HasSubstr("error[shape]: x has n = 2, y has n = 3"));
  EXPECT_EQ(RunProgram({"made", "h=2000000", "w=200000000"}).status, kFaulted);
  ExpectRefused(RunProgram({"made", "h=1000000", "w=1000000"}), kSurroundings,
                "no memory for an array");
}

// --- What is not there

#ifdef EINKORN_WITH_LLVM
TEST_F(CommandTest, ExplainsAsData) {
  const Ran ran = Run({"explain", program_, "saxpy", "--json"});
  ASSERT_EQ(ran.status, kDone) << ran.err;
  const auto data = nlohmann::json::parse(ran.out);
  ASSERT_EQ(data["loops"].size(), 1u);
  EXPECT_GE(data["loops"][0]["lanes"], 8);
  EXPECT_EQ(data["loops"][0]["threads"], true);
  EXPECT_EQ(data["loops"][0]["line"], 2);
  ASSERT_EQ(data["checks"].size(), 2u);
  for (const auto& check : data["checks"]) EXPECT_EQ(check["fate"], "proved") << check;
}

TEST_F(CommandTest, ExplainsCodeForTheProcessorOnly) {
  ExpectRefused(Run({"explain", program_, "saxpy", "--target", "interpreter"}), kWrongUsage,
                "only the code for the target cpu is explained");
  ExpectRefused(Run({"explain", program_, "saxpy", "n=3"}), kWrongUsage,
                "is not needed to explain a kernel");
}
#endif

TEST_F(CommandTest, RefusesByNameWhatIsNotBuilt) {
  for (const char* verb : {"diff", "bench", "debug", "cache"})
    ExpectRefused(Run({verb, program_}), kWrongUsage, std::string(verb) + " is not built yet");
  ExpectRefused(Run({"run", program_, "bytes", "a=1", "b=1", "--target", "gpu"}), kWrongUsage,
                "gpu is not built yet");
  ExpectRefused(Run({"run", program_, "bytes", "a=1", "b=1", "--mode", "debug", "--target", "cpu"}),
                kWrongUsage, "the mode debug runs on the interpreter");
  for (const char* option : {"--deadline", "--on-error", "--no-cache"})
    ExpectRefused(RunProgram({"bytes", "a=1", "b=1", option}), kWrongUsage,
                  std::string(option) + ":");
  ExpectRefused(Run({"rum", program_}), kWrongUsage, "did you mean run?");
  ExpectRefused(RunProgram({"bytes", "--thread", "3"}), kWrongUsage, "did you mean --threads?");
  ExpectRefused(RunProgram({"bytes", "--bogus"}), kWrongUsage,
                "run has no option --bogus; see einkorn run --help");
  ExpectRefused(RunProgram({"bytes", "--threads", "0"}), kWrongUsage, "--threads");
  ExpectRefused(RunProgram({"bytes", "--threads", "2"}), kWrongUsage,
                "the interpreter runs on one thread");
  ExpectRefused(RunProgram({"bytes", "--cpu"}), kWrongUsage, "--cpu needs a value");
  ExpectRefused(Run({}), kWrongUsage, "einkorn VERB");
}

TEST_F(CommandTest, RefusesProcessorsByName) {
  ExpectRefused(RunProgram({"bytes", "a=1", "b=1", "--cpu", "pentium"}), kWrongUsage,
                "no processor is named pentium; there are native, x86-64-v3, x86-64-v4");
}

#ifndef EINKORN_WITH_LLVM
TEST_F(CommandTest, NeverReplacesTheCpu) {
  ExpectRefused(Run({"run", program_, "bytes", "a=1", "b=1"}), kSurroundings,
                "use the target interpreter");
}
#endif

TEST_F(CommandTest, ShowsDevices) {
  const Ran ran = Run({"devices"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("interpreter"), HasSubstr("cpu"),
                             HasSubstr("gpu         not available: not built yet")));
  EXPECT_TRUE(nlohmann::json::accept(Run({"devices", "--json"}).out));
}

TEST_F(CommandTest, FiltersTests) {
  const std::string file = folder_.Write(
      "tests.ek", "test \"one\" { assert(1 == 1); }\ntest \"two\" { assert(1 == 2); }\n");
  EXPECT_EQ(Run({"test", file, "--filter", "^one$", "--quiet"}).out, "1 passed, 0 failed\n");
  const Ran all = Run({"test", file, "--json"});
  EXPECT_EQ(all.status, kWrongProgram);
  EXPECT_EQ(nlohmann::json::parse(all.out)["failed"], 1);
  ExpectRefused(Run({"test", file, "--filter", "("}), kWrongUsage, "not a regular expression");
}

TEST_F(CommandTest, TestsSeveralFilesAsOneJsonValue) {
  const std::string wrong = folder_.Write("wrong.ek", "kernel k() { let a = b; }\n");
  const std::string right = folder_.Write("right.ek", "test \"one\" { assert(1 == 1); }\n");
  const Ran ran = Run({"test", wrong, right, "--json"});
  EXPECT_EQ(ran.status, kWrongProgram);
  ASSERT_TRUE(nlohmann::json::accept(ran.out)) << ran.out;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["diagnostics"][0]["code"], "unknown_name");
  EXPECT_EQ(json["tests"][0]["name"], "one");
  EXPECT_EQ(json["passed"], 1);
}

TEST_F(CommandTest, ColoursMessagesOnATerminalOnly) {
  std::ostringstream out, err;
  const std::string wrong = folder_.Write("wrong.ek", "kernel k() { let a = b; }\n");
  RunCommand({"check", wrong}, {out, err, true});
  EXPECT_THAT(err.str(), HasSubstr("\x1b["));
  EXPECT_THAT(Run({"check", wrong}).err, Not(HasSubstr("\x1b[")));
}

}  // namespace
}  // namespace einkorn::command
