using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OciRun.Tests.Errors;

/// <summary>
/// Every fault that the sources can make, read from the sources themselves: where <c>Fault</c> is constructed, with texts
/// followed through constants, conditions, locals, helper methods and the calls of methods that take them as arguments.
/// </summary>
internal sealed class FaultSources
{
    private const int MostCalls = 3;

    private readonly FaultTexts _texts;
    private readonly CSharpCompilation _compilation;
    private readonly Dictionary<ISymbol, List<(SyntaxNode Call, ArgumentListSyntax Arguments)>> _calls = new(SymbolEqualityComparer.Default);

    private FaultSources(CSharpCompilation compilation)
    {
        _compilation = compilation;
        _texts = new FaultTexts(compilation);
    }

    /// <summary>All faults, in the order of rooms and files.</summary>
    /// <param name="folder">The directory src.</param>
    public static IReadOnlyList<FaultEntry> Read(string folder)
    {
        CSharpParseOptions options = new(LanguageVersion.Latest, DocumentationMode.None);
        SyntaxTree[] trees =
        [
            .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(file => IsSource(Path.GetRelativePath(folder, file)))
                .Order(StringComparer.Ordinal).Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)),
        ];
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        IEnumerable<MetadataReference> references = platform.Split(':')
            .Where(path => Path.GetDirectoryName(path) == Path.GetDirectoryName(typeof(object).Assembly.Location))
            .Select(path => MetadataReference.CreateFromFile(path));
        FaultSources sources = new(CSharpCompilation.Create(
            "sources", trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)));
        return sources.All(folder);
    }

    private static bool IsSource(string path) =>
        !path.StartsWith("obj/", StringComparison.Ordinal) && !path.StartsWith("bin/", StringComparison.Ordinal)
        && !path.EndsWith(".arm64.cs", StringComparison.Ordinal);

    private List<FaultEntry> All(string folder)
    {
        foreach (SyntaxTree tree in _compilation.SyntaxTrees)
            FindCalls(tree);
        List<FaultEntry> entries = [];
        foreach (SyntaxTree tree in _compilation.SyntaxTrees)
        {
            SemanticModel model = _compilation.GetSemanticModel(tree);
            string[] path = Path.GetRelativePath(folder, tree.FilePath).Split('/');
            foreach (BaseObjectCreationExpressionSyntax made in tree.GetRoot().DescendantNodes().OfType<BaseObjectCreationExpressionSyntax>())
            {
                string? type = model.GetTypeInfo(made).Type?.ToDisplayString();
                bool text = type == "OciRun.Errors.FaultException" && made.ArgumentList?.Arguments is [var only]
                    && model.GetTypeInfo(only.Expression).Type?.SpecialType == SpecialType.System_String;
                if ((type == "OciRun.Errors.Fault" || text) && !IsInItself(made) && made.ArgumentList is { Arguments.Count: 1 })
                    entries.AddRange(Entries(made, path[0], path[^1][..^3]));
            }
        }

        return entries;
    }

    // The constructors of the two types pass on what they are given.
    private static bool IsInItself(SyntaxNode node) =>
        node.SyntaxTree.FilePath.EndsWith("/Fault.cs", StringComparison.Ordinal) || node.SyntaxTree.FilePath.EndsWith("/FaultException.cs", StringComparison.Ordinal);

    private IEnumerable<FaultEntry> Entries(BaseObjectCreationExpressionSyntax made, string room, string file)
    {
        ExpressionSyntax message = made.ArgumentList!.Arguments[0].Expression;
        Dictionary<string, ExpressionSyntax> members = new(StringComparer.Ordinal);
        foreach (ExpressionSyntax item in made.Initializer?.Expressions ?? default)
        {
            if (item is AssignmentExpressionSyntax assignment)
                members[assignment.Left.ToString()] = assignment.Right;
        }

        Dictionary<string, ExpressionSyntax> added = Added(made);
        ExpressionSyntax[] all = [message, .. members.Where(member => member.Key is "Field" or "Syscall" or "Hint" or "Code").Select(member => member.Value)];
        foreach (FaultScope scope in Scopes(made, all, MostCalls))
        {
            string[] messages = [.. _texts.Of(message, scope).OfType<string>()];

            // Where something may follow the colon there is a form without it, too.
            messages =
            [
                .. messages.Where(text => !text.EndsWith(": ", StringComparison.Ordinal)
                    && !Array.Exists(messages, other => other.Contains(">: <", StringComparison.Ordinal) && other.Replace(">: <", "><", StringComparison.Ordinal) == text)),
            ];
            if (messages.Length == 0)
                continue;
            yield return new FaultEntry(
                room, file, messages, Member("Field"), Member("Syscall"), Member("Hint"), Member("Code"),
                members.TryGetValue("Errno", out ExpressionSyntax? errno) && _texts.Of(errno, scope) is not ["0"]);

            IReadOnlyList<string?> Member(string name) =>
                members.TryGetValue(name, out ExpressionSyntax? value) || added.TryGetValue(name, out value) ? Several(_texts.Of(value, scope)) : [];

            // Behind a test for the empty text, an empty alternative is none.
            static IReadOnlyList<string?> Several(IReadOnlyList<string?> texts) => texts.Count > 1 ? [.. texts.Where(text => text is not "")] : texts;
        }
    }

    // What a method adds to the fault that it is given: fault with { Field = ... }.
    private Dictionary<string, ExpressionSyntax> Added(SyntaxNode made)
    {
        Dictionary<string, ExpressionSyntax> added = new(StringComparer.Ordinal);
        if (made.Parent is not ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax call }
            || _compilation.GetSemanticModel(call.SyntaxTree).GetSymbolInfo(call).Symbol is not IMethodSymbol { DeclaringSyntaxReferences: [var declared, ..] })
            return added;
        foreach (WithExpressionSyntax with in declared.GetSyntax().DescendantNodes().OfType<WithExpressionSyntax>())
        {
            foreach (AssignmentExpressionSyntax assignment in with.Initializer.Expressions.OfType<AssignmentExpressionSyntax>())
                added[assignment.Left.ToString()] = assignment.Right;
        }

        return added;
    }

    // One scope for each way by which the texts come in as arguments.
    private List<FaultScope> Scopes(SyntaxNode place, IEnumerable<ExpressionSyntax> texts, int depth)
    {
        IMethodSymbol? method = _texts.Method(place);
        if (depth == 0 || method is null || !texts.Any(text => _texts.HasFreeText(text, method)) || !_calls.TryGetValue(method, out var calls))
            return [FaultScope.Empty];
        List<FaultScope> scopes = [];
        foreach ((SyntaxNode call, ArgumentListSyntax arguments) in calls)
        {
            foreach (FaultScope outer in Scopes(call, arguments.Arguments.Select(argument => argument.Expression), depth - 1))
                scopes.Add(FaultScope.Bind(method, arguments, outer));
        }

        return scopes;
    }

    private void FindCalls(SyntaxTree tree)
    {
        SemanticModel model = _compilation.GetSemanticModel(tree);
        foreach (SyntaxNode node in tree.GetRoot().DescendantNodes())
        {
            ArgumentListSyntax? arguments = node switch
            {
                InvocationExpressionSyntax invocation => invocation.ArgumentList,
                BaseObjectCreationExpressionSyntax creation => creation.ArgumentList,
                ConstructorInitializerSyntax initializer => initializer.ArgumentList,
                _ => null,
            };
            if (arguments is null || model.GetSymbolInfo(node).Symbol is not IMethodSymbol { DeclaringSyntaxReferences.Length: > 0 } method)
                continue;
            method = method.OriginalDefinition;
            if (!_calls.TryGetValue(method, out var list))
                _calls.Add(method, list = []);
            list.Add((node, arguments));
        }
    }
}
