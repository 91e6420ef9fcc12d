// The golden hashes were made by Django 3.2 (its hashers, argon2-cffi, bcrypt) and, for scrypt, by
// Python's hashlib in the format of Django 4.
#include "passwords/passwords.hpp"

#include "passwords/hashers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace jwt_auth {
namespace {

const std::string kLong(100, 'x');

struct Golden {
  std::string password;
  std::string encoded;
};

const Golden kGolden[] = {
    {"s3cret-Passwörd",
     "pbkdf2_sha256$1000$saltSALT123$PD5HeTxixWsWthb0JpmH6u88QgKhT1zbG6+FsAhc07s="},
    {"s3cret-Passwörd", "pbkdf2_sha1$1000$saltSALT123$qAe/Pdr6f6Z7XAMnfZxJsUpHUyY="},
    {"s3cret-Passwörd",
     "argon2$argon2id$v=19$m=64,t=1,p=2$M3JkVHp6V1FYSjJFSjR3OURHWWQ3bw$2FP9gwJC4koEYxiDW17Wzg"},
    {"s3cret-Passwörd",
     "bcrypt_sha256$$2b$04$TQorqgm7/EsMxUQqigsn9u5PPMORwJlJqOVTOYL/Z1ajuveIFGTyG"},
    {"s3cret-Passwörd", "bcrypt$$2b$04$gv/WnnP5XC1jTLc.SSXNqOvqVE5G04Kig9qytubwnM6LgdG2Ujoly"},
    {"", "pbkdf2_sha256$1000$saltSALT123$ZPz6Q0PwTXCLfuPMX0mmf4l/yEuEHu7y7mdw+iyA3Q8="},
    {"", "pbkdf2_sha1$1000$saltSALT123$unTO/LqSusQU1Lcd7h8ww3JBM2s="},
    {"", "argon2$argon2id$v=19$m=64,t=1,p=2$TUVESkV6VXhmUHdScDlJUTU1VURJbg$6+0PT2UwW+mpawwEwHaYpg"},
    {"", "bcrypt_sha256$$2b$04$1cov363nt9w03VZ.Mw/ATuzfW456ZSqy7UHVJcVqD0EoImSauzX6m"},
    {"", "bcrypt$$2b$04$RQT1TleX0I3CWWFj0z6RN.cbRT9UvXWrtqO4IlBo1LZus.0LJuJuu"},
    {kLong, "pbkdf2_sha256$1000$saltSALT123$91QasTnLMK5fLdMhAZXTAU6h4kq5E3r++KjKDCX/ze0="},
    {kLong, "pbkdf2_sha1$1000$saltSALT123$4oqpdT63dafZHQM5H0MSqC6gpiU="},
    {kLong,
     "argon2$argon2id$v=19$m=64,t=1,p=2$MWtDTmJsc3o2UHFBSjFkaFBuVWlmaA$hetoS1y6Z2jxXms567NBRQ"},
    {kLong, "bcrypt_sha256$$2b$04$1GBsPS3XF87h7er9DITyOuqIxzIlvd9kUjqPO68cAedyuQpzgMRBe"},
    {kLong, "bcrypt$$2b$04$A6hAc04eXnFwDuOM0EmU4.B3Z63vmxwwxg8H.JOJV/zT.OJPxR4mu"},
    {"s3cret",
     "argon2$argon2i$v=19$m=128,t=2,p=3$c2FsdHNhbHRzYWx0$bOGugY23DzHnD/RL8op5rWPJkc/hinuM"},
    {"s3cret",
     "argon2$argon2d$v=19$m=128,t=2,p=3$c2FsdHNhbHRzYWx0$H1NFBhcseC+seNbgyTKS6mHV6wSF4RxG"},
    {"as Django has it",
     "argon2$argon2id$v=19$m=102400,t=2,p=8$eFdnY3F6RnBsbU9QRk1URklmZnZUSQ$0xVyDpht/Qeun7inbNdLWw"},
    {"s3cret-Passwörd",
     "scrypt$16384$saltSALT123$8$1$YVfxT4c+"
     "dFJP0mtWTFLJ6ZT1FCSZvKSSPycCvq5kCbQ8MEeszFwCgwSJaP5wceInh+j6xmiXTorAkwB+/fZhmQ=="},
    {kLong,
     "scrypt$1024$saltSALT123$8$5$0QWmZf2OEqvcqzo6KNQmA5vPuT4pg3VC8Lx6KwW7m2P8YtO/"
     "0SMtRJWJ26fXP5LlnmliJX8IRDKcxZUE2+6UPQ=="},
};

TEST(HasKnownHasher, TellsSlowEncodingsFromFreeOnes) {
  for (const Golden& golden : kGolden) EXPECT_TRUE(has_known_hasher(golden.encoded));
  for (const char* encoded : {"", "!", "!pbkdf2_sha256$1$a$b", "md5$a$b", "$", "pbkdf2"}) {
    EXPECT_FALSE(has_known_hasher(encoded)) << encoded;
  }
}

TEST(VerifyPassword, AgreesWithDjango) {
  for (const Golden& golden : kGolden) {
    EXPECT_TRUE(verify_password(golden.password, golden.encoded)) << golden.encoded;
    EXPECT_FALSE(verify_password(golden.password + "!", golden.encoded) &&
                 !golden.encoded.starts_with("bcrypt$"))
        << golden.encoded;
    EXPECT_FALSE(verify_password("Another", golden.encoded)) << golden.encoded;
  }
}

/// Hashes with realistic costs, too slow for a loop.
bool is_slow(const Golden& golden) {
  return golden.encoded.starts_with("scrypt$16384") ||
         golden.encoded.find("m=102400") != std::string::npos;
}

/// Base64's last letter may hold unused bits, so the letter before it is changed.
TEST(VerifyPassword, JudgesEveryByteOfTheHash) {
  for (const Golden& golden : kGolden) {
    if (is_slow(golden)) continue;
    const std::size_t from = golden.encoded.rfind('$') + 1;
    for (std::size_t at = from; at + 3 < golden.encoded.size(); ++at) {
      std::string changed = golden.encoded;
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(verify_password(golden.password, changed)) << changed;
    }
  }
}

TEST(VerifyPassword, RefusesEveryTruncation) {
  for (const Golden& golden : kGolden) {
    if (is_slow(golden)) continue;
    for (std::size_t size = 0; size < golden.encoded.size(); ++size) {
      EXPECT_FALSE(verify_password(golden.password, golden.encoded.substr(0, size)))
          << golden.encoded.substr(0, size);
    }
  }
}

TEST(VerifyPassword, RefusesUnusableAndUnknownEncodings) {
  for (const char* encoded :
       {"", "!", "!abcdefghijkl", "plain", "md5$salt$hash", "5f4dcc3b5aa765d61d8327deb882cf99", "$",
        "$$$$$$$$", "pbkdf2_sha256", "PBKDF2_SHA256$1$a$b"}) {
    EXPECT_FALSE(verify_password("password", encoded)) << encoded;
    EXPECT_FALSE(verify_password("", encoded)) << encoded;
  }
}

TEST(VerifyPassword, BoundsTheCostOfAHostileEncoding) {
  for (const char* encoded : {
           "pbkdf2_sha256$0$salt$AAAA",
           "pbkdf2_sha256$-1$salt$AAAA",
           "pbkdf2_sha256$2147483647$salt$AAAA",
           "pbkdf2_sha256$99999999999999999999$salt$AAAA",
           "pbkdf2_sha256$1 $salt$AAAA",
           "pbkdf2_sha256$1$salt$",
           "argon2$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "argon2$argon2id$v=19$m=64,t=4294967295,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "argon2$argon2id$v=19$m=1024,t=1,p=16777215$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "argon2$argon2id$v=19$m=0,t=0,p=0$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "argon2$argon2id$v=19$m=64,t=1,p=1$$",
           "argon2$argon2id$v=19$m=64,t=1,p=1,x=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "argon2$argon2x$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
           "scrypt$4294967295$salt$8$1$AAAA",
           "scrypt$2147483648$salt$8$1$AAAA",
           "scrypt$1073741824$salt$1024$1024$AAAA",
           "scrypt$1024$salt$8$4294967295$AAAA",
           "scrypt$1024$salt$0$0$AAAA",
           "scrypt$1023$salt$8$1$AAAA",
           "scrypt$1024$salt$8$1$",
           "bcrypt$$2b$31$FrvpC9ZWhVKxaqCvl0eCse8JOxqR7a7PMWikOwXRDJaKbacK/Nbpq",
           "bcrypt$$2b$04$",
           "bcrypt$$1$04$FrvpC9ZWhVKxaqCvl0eCse8JOxqR7a7PMWikOwXRDJaKbacK/Nbpq",
           "bcrypt$$6$04$salt",
           "bcrypt_sha256$x$2b$04$FrvpC9ZWhVKxaqCvl0eCse8JOxqR7a7PMWikOwXRDJaKbacK/Nbpq",
       }) {
    EXPECT_FALSE(verify_password("password", encoded)) << encoded;
  }
  EXPECT_FALSE(verify_password("x", "pbkdf2_sha256$1$" + std::string(1 << 20, 's') + "$AAAA"));
}

TEST(VerifyPassword, DoesNotEndAPasswordAtANul) {
  const std::string with_nul{"s3cret-Passw\xc3\xb6rd\0x", 18};
  for (const Golden& golden : kGolden) {
    EXPECT_FALSE(verify_password(with_nul, golden.encoded)) << golden.encoded;
  }
}

TEST(MakePassword, MakesHashesThatVerify) {
  const std::string encoded = make_password("pass wörd", 1000);
  EXPECT_TRUE(verify_password("pass wörd", encoded));
  EXPECT_FALSE(verify_password("pass word", encoded));
  const Fields fields = split(encoded, '$');
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[0], "pbkdf2_sha256");
  EXPECT_EQ(fields[1], "1000");
  EXPECT_EQ(fields[2].size(), 22U);
  EXPECT_EQ(fields[3].size(), 44U);
}

TEST(MakePassword, SaltsEachHashAnew) {
  EXPECT_NE(make_password("same", 1), make_password("same", 1));
}

}  // namespace
}  // namespace jwt_auth
