using System;
using System.Runtime.InteropServices;

namespace OciRun.Kernel;

/// <summary>A POSIX extended regular expression, by the C library's matcher (regcomp(3)); bytes are characters.</summary>
internal sealed unsafe class PosixRegex : IDisposable
{
    private const int REG_EXTENDED = 1;
    private const int REG_NOSUB = 8;

    // glibc's regex_t has 64 bytes.
    private const int Size = 256;
    private byte* _compiled;

    private PosixRegex(byte* compiled) => _compiled = compiled;

    /// <summary>The expression, or null and what is wrong with it.</summary>
    public static PosixRegex? Compile(string pattern, out string wrong)
    {
        wrong = "";
        byte[] text = Sys.Bytes(pattern + "\0");
        byte* compiled = (byte*)NativeMemory.AllocZeroed(Size);
        int result;
        fixed (byte* p = text)
            result = regcomp(compiled, p, REG_EXTENDED | REG_NOSUB);
        if (result == 0)
            return new PosixRegex(compiled);
        byte* message = stackalloc byte[128];
        regerror(result, compiled, message, 128);
        wrong = Marshal.PtrToStringUTF8((nint)message) ?? "";
        NativeMemory.Free(compiled);
        return null;
    }

    /// <summary>Whether some part of the text matches.</summary>
    public bool IsMatch(string text)
    {
        byte[] bytes = Sys.Bytes(text + "\0");
        fixed (byte* p = bytes)
            return regexec(_compiled, p, 0, null, 0) == 0;
    }

    public void Dispose()
    {
        if (_compiled is null)
            return;
        regfree(_compiled);
        NativeMemory.Free(_compiled);
        _compiled = null;
    }

    [DllImport("libc")]
    private static extern int regcomp(byte* compiled, byte* pattern, int flags);

    [DllImport("libc")]
    private static extern int regexec(byte* compiled, byte* text, nuint count, void* matches, int flags);

    [DllImport("libc")]
    private static extern nuint regerror(int code, byte* compiled, byte* into, nuint size);

    [DllImport("libc")]
    private static extern void regfree(byte* compiled);
}
