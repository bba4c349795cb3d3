using System;

namespace OciRun.Kernel;

/// <summary>An owned file descriptor; closing is explicit and happens once. Every one is close-on-exec.</summary>
internal sealed class Fd : IDisposable
{
    private int _number;

    public Fd(int number) => _number = number;

    /// <summary>The descriptor's number, -1 after <see cref="Dispose"/>.</summary>
    public int Number => _number;

    /// <summary>Gives up ownership: the caller closes the number.</summary>
    public int Release()
    {
        int number = _number;
        _number = -1;
        return number;
    }

    public void Dispose()
    {
        int number = Release();
        if (number >= 0)
            Sys.close(number);
    }
}
