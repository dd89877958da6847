// SPDX-License-Identifier: Apache-2.0
//
// Reading a file into SquadFeatures: paragraphs in parallel, results in order.
#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "data/Pipeline.h"
#include "tasks/PythonText.h"
#include "tasks/SquadFeatures.h"

namespace bertc {

namespace {

/// Most ids that a report names.
constexpr size_t mostIds = 10;

/// A question with its windows; `example` of these is not set yet.
struct WindowedExample {
  SquadExample example;
  std::vector<SquadWindow> windows;
};

/// What a paragraph adds.
struct ParagraphResult {
  std::vector<WindowedExample> examples;
  std::string where;
  SquadReport report;
};

/// Makes the examples of one paragraph; one a thread.
class ParagraphWorker {
public:
  ParagraphWorker(const WordPieceTokenizer &tokenizer,
                  const SquadOptions &options, const std::string &path)
      : encoder_(tokenizer), options_(options), path_(path) {}

  StatusOr<ParagraphResult> work(const RawParagraph &raw) {
    BERTC_ASSIGN_OR_RETURN(SquadParagraph paragraph,
                           parseSquadParagraph(path_, raw));
    ParagraphResult result;
    result.where = fmt::format("{}:{}:{}", path_, raw.line, raw.column);
    auto context = std::make_shared<const SquadContext>(
        std::move(paragraph.context), encoder_);
    result.report.paragraphs = 1;
    for (SquadQuestion &question : paragraph.questions) {
      ++result.report.questions;
      Status status = addQuestion(context, question, &result);
      BERTC_RETURN_IF_ERROR(status.annotate(
          fmt::format("{}: question '{}'", result.where, question.id)));
    }
    return result;
  }

private:
  Status addQuestion(const std::shared_ptr<const SquadContext> &context,
                     SquadQuestion &question, ParagraphResult *result) {
    bool answered = isAnswered(question);
    if (!answered) {
      note(question.id, &result->report.withoutAnswer,
           &result->report.withoutAnswerIds);
    }
    std::optional<PieceSpan> span;
    if (options_.training) {
      if (!answered) {
        return Status();
      }
      result->report.severalAnswers += question.answers.size() > 1 ? 1 : 0;
      BERTC_ASSIGN_OR_RETURN(span, findAnswer(*context, question.answers[0]));
      if (!span) {
        note(question.id, &result->report.answerNotFound,
             &result->report.answerNotFoundIds);
        return Status();
      }
    }
    WindowedExample made;
    made.example.id = question.id;
    made.example.context = context;
    encoder_.encode(question.text, &made.example.query);
    auto most = static_cast<size_t>(options_.maxQueryLength);
    made.example.query.resize(std::min(made.example.query.size(), most));
    if (!options_.training && answered) {
      for (SquadAnswer &answer : question.answers) {
        made.example.goldAnswers.push_back(std::move(answer.text));
      }
    }
    made.windows = slideWindows(made.example, span);
    result->examples.push_back(std::move(made));
    return Status();
  }

  bool isAnswered(const SquadQuestion &question) const {
    if (question.impossible || question.answers.empty()) {
      return false;
    }
    return !options_.training || !pythonSplit(question.answers[0].text).empty();
  }

  static void note(const std::string &id, uint64_t *count,
                   std::vector<std::string> *ids) {
    ++*count;
    if (ids->size() < mostIds) {
      ids->push_back(id);
    }
  }

  /// The pieces of an answer, or nothing when its text is not what stands
  /// there.
  StatusOr<std::optional<PieceSpan>> findAnswer(const SquadContext &context,
                                                const SquadAnswer &answer) {
    if (answer.start < 0) {
      return corrupt("the answer has no answer_start, which training needs");
    }
    auto characters = static_cast<int64_t>(characterCount(answer.text));
    int64_t first = context.wordOfCharacter(answer.start);
    int64_t last = context.wordOfCharacter(answer.start + characters - 1);
    if (first == -2 || last == -2) {
      return corrupt(
          fmt::format("the answer takes characters {} to {} of a context of {}",
                      answer.start, answer.start + characters - 1,
                      characterCount(context.text())));
    }
    // In the reference, a place before the first word is an index of -1, which
    // in Python is the last word.
    if (first < 0) {
      first = static_cast<int64_t>(context.words()) - 1;
    }
    if (first < 0 || last < first) {
      return std::optional<PieceSpan>();
    }
    auto firstWord = static_cast<size_t>(first);
    auto lastWord = static_cast<size_t>(last);
    std::string there = context.wordText(firstWord, lastWord);
    if (there.find(joinedWords(answer.text)) == std::string::npos) {
      return std::optional<PieceSpan>();
    }
    std::vector<int32_t> pieces;
    encoder_.encode(answer.text, &pieces);
    return std::optional<PieceSpan>(
        answerPieces(context, firstWord, lastWord, pieces));
  }

  std::vector<SquadWindow>
  slideWindows(const SquadExample &example,
               const std::optional<PieceSpan> &answer) const {
    std::vector<SquadWindow> windows;
    size_t total = example.context->pieces().size();
    size_t room = static_cast<size_t>(options_.maxSequenceLength) -
                  example.query.size() - 3;
    auto stride = static_cast<size_t>(options_.docStride);
    for (size_t first = 0; first < total;) {
      SquadWindow window;
      window.firstPiece = static_cast<uint32_t>(first);
      window.pieces = static_cast<uint32_t>(std::min(total - first, room));
      if (answer) {
        setPositions(example, *answer, &window);
      }
      windows.push_back(window);
      if (first + window.pieces == total) {
        break;
      }
      first += std::min<size_t>(window.pieces, stride);
    }
    return windows;
  }

  static void setPositions(const SquadExample &example, const PieceSpan &answer,
                           SquadWindow *window) {
    int64_t first = window->firstPiece;
    int64_t last = first + window->pieces - 1;
    if (answer.first < first || answer.last > last) {
      return;
    }
    int64_t offset = static_cast<int64_t>(example.query.size()) + 2 - first;
    window->startPosition = static_cast<uint32_t>(answer.first + offset);
    window->endPosition = static_cast<uint32_t>(answer.last + offset);
  }

  WordPieceEncoder encoder_;
  const SquadOptions &options_;
  const std::string &path_;
};

Status checkOptions(const SquadOptions &options) {
  if (options.docStride < 1 || options.maxQueryLength < 1) {
    return invalidArgument(
        fmt::format("doc stride {} and max query length {}: expected at least "
                    "1",
                    options.docStride, options.maxQueryLength));
  }
  if (options.maxSequenceLength <= options.maxQueryLength + 3) {
    return invalidArgument(fmt::format(
        "max sequence length {} leaves no room for a context beside a question "
        "of {} and 3 special tokens",
        options.maxSequenceLength, options.maxQueryLength));
  }
  return Status();
}

void append(const std::vector<std::string> &from,
            std::vector<std::string> *to) {
  for (const std::string &id : from) {
    if (to->size() < mostIds) {
      to->push_back(id);
    }
  }
}

} // namespace

/// Puts the paragraphs' results together.
class SquadFeatureJob {
public:
  explicit SquadFeatureJob(const WordPieceTokenizer &tokenizer) {
    features_.cls_ = tokenizer.vocabulary().clsId();
    features_.sep_ = tokenizer.vocabulary().sepId();
  }

  Status add(ParagraphResult result) {
    for (WindowedExample &made : result.examples) {
      if (!ids_.insert(made.example.id).second) {
        return corrupt(fmt::format("{}: question '{}' occurs twice",
                                   result.where, made.example.id));
      }
      made.example.firstFeature = features_.windows_.size();
      made.example.windows = made.windows.size();
      for (SquadWindow &window : made.windows) {
        window.example = static_cast<uint32_t>(features_.examples_.size());
        features_.windows_.push_back(window);
      }
      features_.examples_.push_back(std::move(made.example));
    }
    SquadReport &report = features_.report_;
    report.paragraphs += result.report.paragraphs;
    report.questions += result.report.questions;
    report.withoutAnswer += result.report.withoutAnswer;
    report.answerNotFound += result.report.answerNotFound;
    report.severalAnswers += result.report.severalAnswers;
    append(result.report.withoutAnswerIds, &report.withoutAnswerIds);
    append(result.report.answerNotFoundIds, &report.answerNotFoundIds);
    return Status();
  }

  SquadFeatures take() { return std::move(features_); }

private:
  SquadFeatures features_;
  std::unordered_set<std::string> ids_;
};

StatusOr<SquadFeatures> readSquad(const std::string &path,
                                  const WordPieceTokenizer &tokenizer,
                                  const SquadOptions &options) {
  BERTC_RETURN_IF_ERROR(checkOptions(options));
  BERTC_ASSIGN_OR_RETURN(SquadReader reader, SquadReader::open(path));
  std::vector<ParagraphWorker> workers;
  for (int job = 0; job < options.jobs; ++job) {
    workers.emplace_back(tokenizer, options, path);
  }
  SquadFeatureJob job(tokenizer);
  auto take = [&] { return reader.next(); };
  auto work = [&](int worker, RawParagraph raw) {
    return workers[static_cast<size_t>(worker)].work(raw);
  };
  auto consume = [&](ParagraphResult result) {
    return job.add(std::move(result));
  };
  BERTC_RETURN_IF_ERROR((Pipeline<RawParagraph, ParagraphResult>::run(
      options.jobs, take, work, consume)));
  SquadFeatures features = job.take();
  const SquadReport &report = features.report();
  if (report.questions == 0) {
    return corrupt(fmt::format("{}: no questions", path));
  }
  if (features.examples().empty()) {
    return corrupt(fmt::format(
        "{}: none of {} questions can be trained on: {} without an answer, {} "
        "whose answer is not in the context",
        path, report.questions, report.withoutAnswer, report.answerNotFound));
  }
  return features;
}

} // namespace bertc
