#include "environment/state.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace doppel::environment {
namespace {

constexpr std::array kTransitions{
    Transition{State::kCreating, Event::kCreated, State::kReady},
    Transition{State::kCreating, Event::kCreationFailed, State::kDiscarded},
    Transition{State::kReady, Event::kRefresh, State::kRefreshing},
    Transition{State::kRefreshing, Event::kRefreshed, State::kReady},
    Transition{State::kReady, Event::kPromote, State::kPromoting},
    Transition{State::kPromoting, Event::kPromotionEnded, State::kReady},
    Transition{State::kPromoting, Event::kPromotedInFull, State::kDiscarding},
    Transition{State::kReady, Event::kDiscard, State::kDiscarding},
    Transition{State::kDiscarding, Event::kDiscarded, State::kDiscarded},
    Transition{State::kReady, Event::kSuspend, State::kSuspending},
    Transition{State::kSuspending, Event::kSuspended, State::kSuspended},
    Transition{State::kSuspending, Event::kDiscard, State::kDiscarding},
    Transition{State::kSuspended, Event::kResume, State::kResuming},
    Transition{State::kResuming, Event::kResumed, State::kReady},
    Transition{State::kResuming, Event::kResumeFailed, State::kSuspended},
    Transition{State::kSuspended, Event::kDiscard, State::kDiscarding},
};

constexpr std::array<std::string_view, 9> kStates{"creating",   "ready",      "refreshing",
                                                  "promoting",  "discarding", "discarded",
                                                  "suspending", "suspended",  "resuming"};
constexpr std::array<std::string_view, 14> kEvents{
    "created",         "creation_failed",  "refresh", "refreshed",    "promote",
    "promotion_ended", "promoted_in_full", "discard", "discarded",    "suspend",
    "suspended",       "resume",           "resumed", "resume_failed"};

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

std::optional<State> next(State from, Event event) {
  const auto found = std::ranges::find_if(kTransitions, [&](const Transition& transition) {
    return transition.from == from && transition.event == event;
  });
  if (found == kTransitions.end()) return std::nullopt;
  return found->to;
}

bool is_passing(State state) {
  return state != State::kReady && state != State::kDiscarded && state != State::kSuspended;
}

std::string_view to_text(State state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view to_text(Event event) { return kEvents[static_cast<std::size_t>(event)]; }

State parse_state(std::string_view text) {
  const auto found = std::ranges::find(kStates, text);
  if (found == kStates.end()) {
    throw Error(ErrorCode::kNewerStore,
                "the control store has an environment in the state '" + std::string(text) + "'");
  }
  return static_cast<State>(found - kStates.begin());
}

}  // namespace doppel::environment
