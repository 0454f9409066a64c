#pragma once

#include <optional>
#include <span>
#include <string_view>

/// The life of an environment as a table: nothing happens to one but by a row of it [E4].
namespace doppel::environment {

enum class State {
  kCreating,
  kReady,
  kRefreshing,
  kPromoting,
  kDiscarding,
  kDiscarded,
  kSuspending,
  kSuspended,  ///< its work is kept in the home, nothing of it stands in the database
  kResuming,
};

enum class Event {
  kCreated,         ///< it stands
  kCreationFailed,  ///< or was interrupted: nothing of it is left
  kRefresh,
  kRefreshed,  ///< or undone: either way it is whole
  kPromote,
  kPromotionEnded,  ///< in part, or refused: it goes on
  kPromotedInFull,  ///< it has done its work
  kDiscard,
  kDiscarded,
  kSuspend,
  kSuspended,
  kResume,
  kResumed,
  kResumeFailed,  ///< or was interrupted: it is suspended still
};

struct Transition {
  State from;
  Event event;
  State to;
};

std::span<const Transition> transitions();

/// Nothing where the event can't happen in the state.
std::optional<State> next(State from, Event event);

/// Whether a process is at work on it, or died at it.
bool is_passing(State state);

std::string_view to_text(State state);
std::string_view to_text(Event event);
/// Throws Error(kNewerStore) for a word of a newer doppel.
State parse_state(std::string_view text);

}  // namespace doppel::environment
