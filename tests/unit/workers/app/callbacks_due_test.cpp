// Every event in every state of a request in the app's hands, without a thread.
#include "workers/app/callbacks_due.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace alicorn {
namespace {

using Kind = AppJob::Kind;
using Life = CallbacksDue::Life;
using Event = CallbacksDue::Event;

std::int32_t ignore(void*, alicorn_request*, std::int32_t) {
  return ALICORN_OK;
}
AppJob a_resume() {
  return {.kind = Kind::kResume};
}
AppJob an_after() {
  return {.kind = Kind::kAfterResponse};
}

/// A request in each state, as the server and the app bring it there.
CallbacksDue in(Life life) {
  CallbacksDue due;
  if (life == Life::kFree) return due;
  due.open();
  if (life == Life::kOpen) return due;
  due.start();
  if (life == Life::kDue) return due;
  due.take();
  if (life == Life::kGiven) return due;
  if (life == Life::kDeferred) due.defer(ignore, nullptr);
  if (life == Life::kFinished) due.finish();
  return due;
}
constexpr Life kEach[] = {Life::kFree,  Life::kOpen,     Life::kDue,
                          Life::kGiven, Life::kDeferred, Life::kFinished};

TEST(CallbacksDue, GoesFromStateToState) {
  for (const Life life : kEach) EXPECT_EQ(in(life).life(), life);
  CallbacksDue due = in(Life::kDeferred);
  due.finish();
  EXPECT_EQ(due.life(), Life::kFinished);
  due.reset();
  EXPECT_EQ(due.life(), Life::kFree);
  EXPECT_FALSE(due.is_due());
}

TEST(CallbacksDue, OnlyARequestThatWasStartedIsDueByItself) {
  for (const Life life : kEach) {
    EXPECT_EQ(in(life).is_due(), life == Life::kDue) << static_cast<int>(life);
  }
}

TEST(CallbacksDue, TheRequestItselfComesOnce) {
  CallbacksDue due = in(Life::kDue);
  EXPECT_EQ(due.take().kind, Kind::kRequest);
  EXPECT_EQ(due.take().kind, Kind::kNothing);
  EXPECT_FALSE(due.is_over()) << "the app has not finished it";
}

TEST(CallbacksDue, ARequestThatNobodyWaitsForNeverReachesTheApp) {
  for (const std::int32_t reason : {ALICORN_CANCEL_CLIENT_GONE, ALICORN_CANCEL_DEADLINE}) {
    CallbacksDue due = in(Life::kDue);
    EXPECT_TRUE(due.cancel(reason));
    EXPECT_EQ(due.take().kind, Kind::kNothing);
    EXPECT_TRUE(due.is_over());
  }
  CallbacksDue due = in(Life::kDue);
  due.detach();
  EXPECT_EQ(due.take().kind, Kind::kNothing) << "its connection went";
  CallbacksDue drained = in(Life::kDue);
  drained.cancel(ALICORN_CANCEL_DRAIN);
  EXPECT_EQ(drained.take().kind, Kind::kRequest) << "a drain takes nothing from anybody";
}

TEST(CallbacksDue, IsDeferredOnceAndNotBeyondItsEnd) {
  CallbacksDue due = in(Life::kGiven);
  EXPECT_EQ(due.defer(ignore, nullptr), ALICORN_OK);
  EXPECT_EQ(due.defer(ignore, nullptr), ALICORN_ERROR_STATE);
  due.finish();
  EXPECT_EQ(due.defer(ignore, nullptr), ALICORN_ERROR_GONE);
}

TEST(CallbacksDue, AListenerHearsOfTheEndOnce) {
  CallbacksDue due = in(Life::kDeferred);
  due.finish();
  EXPECT_FALSE(due.is_over());
  const AppJob job = due.take();
  EXPECT_EQ(job.kind, Kind::kEvent);
  EXPECT_EQ(job.event, ALICORN_EVENT_FINISHED);
  EXPECT_TRUE(job.with_request);
  EXPECT_TRUE(due.is_over());
  EXPECT_EQ(due.take().kind, Kind::kNothing);
}

TEST(CallbacksDue, WithoutAListenerThereIsNothingToHear) {
  CallbacksDue due = in(Life::kGiven);
  due.defer(nullptr, nullptr);
  due.want(Event::kReadable);
  due.note_possible(Event::kReadable);
  EXPECT_TRUE(due.cancel(ALICORN_CANCEL_CLIENT_GONE));
  EXPECT_EQ(due.take().kind, Kind::kNothing);
  EXPECT_FALSE(due.is_due()) << "what nobody hears is not kept";
  due.finish();
  EXPECT_TRUE(due.is_over());
}

// ---- cancel

TEST(CallbacksDue, EachStateTakesACancellationButTheLast) {
  for (const Life life : kEach) {
    CallbacksDue due = in(life);
    EXPECT_EQ(due.cancel(ALICORN_CANCEL_DEADLINE), life != Life::kFinished)
        << static_cast<int>(life);
    EXPECT_EQ(due.is_gone(), life != Life::kFinished);
  }
}

TEST(CallbacksDue, AHarderReasonMayFollowADrainAndNothingElse) {
  constexpr std::int32_t kReasons[] = {ALICORN_CANCEL_CLIENT_GONE, ALICORN_CANCEL_DEADLINE,
                                       ALICORN_CANCEL_DRAIN};
  for (const std::int32_t first : kReasons) {
    for (const std::int32_t second : kReasons) {
      CallbacksDue due = in(Life::kGiven);
      EXPECT_TRUE(due.cancel(first));
      const bool is_harder = first == ALICORN_CANCEL_DRAIN && second != ALICORN_CANCEL_DRAIN;
      EXPECT_EQ(due.cancel(second), is_harder) << first << " then " << second;
      EXPECT_EQ(due.cancelled(), is_harder ? second : first);
    }
  }
}

TEST(CallbacksDue, OnlyAListenerIsToldOfACancellation) {
  for (const Life life : {Life::kOpen, Life::kGiven, Life::kDeferred}) {
    CallbacksDue due = in(life);
    due.cancel(ALICORN_CANCEL_DEADLINE);
    EXPECT_EQ(due.is_due(), life == Life::kDeferred) << static_cast<int>(life);
  }
  CallbacksDue due = in(Life::kDeferred);
  due.cancel(ALICORN_CANCEL_DEADLINE);
  EXPECT_EQ(due.take().event, ALICORN_EVENT_CANCELLED);
  EXPECT_FALSE(due.is_due());
}

TEST(CallbacksDue, WhoeverDefersLaterHearsOfACancellationThatCameBefore) {
  CallbacksDue due = in(Life::kGiven);
  due.cancel(ALICORN_CANCEL_DRAIN);
  due.defer(ignore, nullptr);
  EXPECT_EQ(due.take().event, ALICORN_EVENT_CANCELLED);
}

TEST(CallbacksDue, AClientThatGoesIsNoEventAndDoesNotOverruleAReason) {
  CallbacksDue due = in(Life::kDeferred);
  due.detach();
  EXPECT_EQ(due.cancelled(), ALICORN_CANCEL_CLIENT_GONE);
  EXPECT_FALSE(due.is_due());
  CallbacksDue late = in(Life::kGiven);
  late.cancel(ALICORN_CANCEL_DEADLINE);
  late.detach();
  EXPECT_EQ(late.cancelled(), ALICORN_CANCEL_DEADLINE);
  CallbacksDue over = in(Life::kFinished);
  over.detach();
  EXPECT_EQ(over.cancelled(), 0) << "its response has left as it should";
}

// ---- events

TEST(CallbacksDue, AnEventComesOnlyToWhoeverWaitsForIt) {
  for (const Event event : {Event::kReadable, Event::kWritable}) {
    CallbacksDue due = in(Life::kDeferred);
    due.note_possible(event);
    EXPECT_FALSE(due.is_due());
    due.want(event);
    EXPECT_FALSE(due.is_due());
    due.note_possible(event);
    due.note_possible(event);
    EXPECT_EQ(due.take().event,
              event == Event::kReadable ? ALICORN_EVENT_READABLE : ALICORN_EVENT_WRITABLE);
    EXPECT_FALSE(due.is_due()) << "once for each time that it waits";
  }
}

TEST(CallbacksDue, EventsComeInTheirOrder) {
  CallbacksDue due = in(Life::kDeferred);
  for (const Event event : {Event::kWritable, Event::kReadable}) {
    due.want(event);
    due.note_possible(event);
  }
  due.cancel(ALICORN_CANCEL_DRAIN);
  std::vector<std::int32_t> events;
  while (due.is_due()) events.push_back(due.take().event);
  EXPECT_EQ(events, (std::vector<std::int32_t>{ALICORN_EVENT_CANCELLED, ALICORN_EVENT_READABLE,
                                               ALICORN_EVENT_WRITABLE}));
}

TEST(CallbacksDue, AnEventThatWasPendingAtTheEndIsDropped) {
  CallbacksDue due = in(Life::kDeferred);
  due.want(Event::kWritable);
  due.note_possible(Event::kWritable);
  due.finish();
  EXPECT_EQ(due.take().event, ALICORN_EVENT_FINISHED);
  EXPECT_TRUE(due.is_over());
}

TEST(CallbacksDue, WhatIsWantedBeforeTheDeferralComesAfterIt) {
  CallbacksDue due = in(Life::kGiven);
  due.want(Event::kWritable);
  due.note_possible(Event::kWritable);
  EXPECT_TRUE(due.is_writable_pending());
  due.defer(ignore, nullptr);
  EXPECT_EQ(due.take().event, ALICORN_EVENT_WRITABLE);
}

// ---- resumes, and what runs afterwards

TEST(CallbacksDue, ResumesAndEventsTakeTurns) {
  CallbacksDue due = in(Life::kDeferred);
  for (int i = 0; i < 3; ++i) due.push_resume(a_resume());
  for (const Event event : {Event::kReadable, Event::kWritable}) {
    due.want(event);
    due.note_possible(event);
  }
  std::vector<Kind> kinds;
  while (due.is_due()) kinds.push_back(due.take().kind);
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kResume, Kind::kEvent, Kind::kResume, Kind::kEvent,
                                      Kind::kResume}));
}

TEST(CallbacksDue, ACancellationComesBeforeResumesThatWait) {
  CallbacksDue due = in(Life::kDeferred);
  due.push_resume(a_resume());
  due.cancel(ALICORN_CANCEL_DEADLINE);
  EXPECT_EQ(due.take().event, ALICORN_EVENT_CANCELLED);
  EXPECT_EQ(due.take().kind, Kind::kResume);
}

TEST(CallbacksDue, AResumeBehindTheEndRunsWithoutTheRequestAndBeforeTheListenerHears) {
  CallbacksDue due = in(Life::kDeferred);
  due.push_resume(a_resume());
  due.finish();
  const AppJob job = due.take();
  EXPECT_EQ(job.kind, Kind::kResume);
  EXPECT_FALSE(job.with_request);
  EXPECT_FALSE(due.is_over());
  EXPECT_EQ(due.take().event, ALICORN_EVENT_FINISHED);
}

TEST(CallbacksDue, WhatRunsAfterTheResponseWaitsForBothEnds) {
  for (const bool client_goes_first : {true, false}) {
    CallbacksDue due = in(Life::kGiven);
    due.push_after(an_after());
    if (client_goes_first) due.detach();
    EXPECT_FALSE(due.is_due());
    due.finish();
    EXPECT_EQ(due.is_due(), client_goes_first);
    EXPECT_TRUE(due.has_after());
    due.detach();
    EXPECT_EQ(due.take().kind, Kind::kAfterResponse);
    EXPECT_FALSE(due.has_after());
    EXPECT_TRUE(due.is_over());
  }
}

TEST(CallbacksDue, ANextRequestFindsNothingOfTheOneBefore) {
  CallbacksDue due = in(Life::kDeferred);
  due.push_resume(a_resume());
  due.push_after(an_after());
  due.want(Event::kReadable);
  due.note_answered();
  due.cancel(ALICORN_CANCEL_DEADLINE);
  due.detach();
  due.reset();
  due.open();
  EXPECT_FALSE(due.is_due());
  EXPECT_FALSE(due.is_answered());
  EXPECT_FALSE(due.is_gone());
  EXPECT_FALSE(due.has_after());
  due.start();
  due.note_possible(Event::kReadable);
  EXPECT_EQ(due.take().kind, Kind::kRequest);
  due.finish();
  EXPECT_TRUE(due.is_over()) << "the listener was the other request's";
}

}  // namespace
}  // namespace alicorn
