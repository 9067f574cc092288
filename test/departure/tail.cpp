// departure_tail(back, argument): a tail call by construction, whatever the compiler and its options. Elsewhere it is
// missing: without a filter for calls, the pointer to it that the host holds counts as a return address.
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__s390x__) || \
    (defined(__riscv) && __riscv_xlen == 64)
#if defined(__APPLE__) || (defined(_WIN32) && defined(__i386__))
#define TAIL "_departure_tail"
#else
#define TAIL "departure_tail"
#endif

#if defined(__ELF__)
__asm__(".pushsection .text\n.globl " TAIL "\n.type " TAIL ", %function\n.p2align 4\n" TAIL ":\n"
#else
__asm__(".text\n.globl " TAIL "\n.p2align 4\n" TAIL ":\n"
#endif
#if defined(_WIN32) && defined(__x86_64__)
        "  mov %rcx, %rax\n  mov %rdx, %rcx\n  jmp *%rax\n"
#elif defined(__x86_64__)
        "  mov %rdi, %rax\n  mov %rsi, %rdi\n  jmp *%rax\n"
#elif defined(__i386__)
        "  mov 4(%esp), %eax\n  mov 8(%esp), %ecx\n  mov %ecx, 4(%esp)\n  jmp *%eax\n"
#elif defined(__aarch64__)
        "  mov x16, x0\n  mov x0, x1\n  br x16\n"
#elif defined(__s390x__)
        "  lgr %r1, %r2\n  lgr %r2, %r3\n  br %r1\n"
#elif defined(__riscv)
        "  mv t1, a0\n  mv a0, a1\n  jr t1\n"
#endif
#if defined(__ELF__)
        ".size " TAIL ", .-" TAIL "\n.popsection\n"
#elif defined(_WIN32)
        ".section .drectve\n.ascii \" -export:" TAIL "\"\n.text\n"
#endif
);
#endif
