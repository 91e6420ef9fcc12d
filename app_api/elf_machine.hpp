// ELF's constants for the processor that this program is built for. Any process.
#pragma once

#include <cstdint>

#include <elf.h>

namespace alicorn {

// kStaticTlsRelocation means "the distance of this thread-local memory from the thread's own
// block".
#if defined(__x86_64__)
inline constexpr Elf64_Half kMachine = EM_X86_64;
inline constexpr std::uint32_t kStaticTlsRelocation = R_X86_64_TPOFF64;
inline constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
inline constexpr Elf64_Half kMachine = EM_AARCH64;
inline constexpr std::uint32_t kStaticTlsRelocation = R_AARCH64_TLS_TPREL;
inline constexpr const char* kMachineName = "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr Elf64_Half kMachine = EM_RISCV;
inline constexpr std::uint32_t kStaticTlsRelocation = R_RISCV_TLS_TPREL64;
inline constexpr const char* kMachineName = "riscv64";
#elif defined(__powerpc64__)
inline constexpr Elf64_Half kMachine = EM_PPC64;
inline constexpr std::uint32_t kStaticTlsRelocation = R_PPC64_TPREL64;
inline constexpr const char* kMachineName = "ppc64";
#elif defined(__s390x__)
inline constexpr Elf64_Half kMachine = EM_S390;
inline constexpr std::uint32_t kStaticTlsRelocation = R_390_TLS_TPOFF;
inline constexpr const char* kMachineName = "s390x";
#endif

}  // namespace alicorn
